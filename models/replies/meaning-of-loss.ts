import { errorCode } from '../../domain/errors.ts'
import type { CallResult } from '../call-result.ts'
import type { AskedOf } from './answer.ts'
import { everyonesError } from './refusal-errors.ts'
import { excerpt } from './server-words.ts'

// Nobody listens, no such host, no way there. The last three are this machine's own limits: open
// files, free ports.
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NODATA',
  'ENODATA',
  'ESERVFAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENONET',
  'ENOENT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'EMFILE',
  'ENFILE',
  'EADDRNOTAVAIL',
])

const selfSigned = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
])

const badCertificate = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'HOSTNAME_MISMATCH',
  'INVALID_PURPOSE',
])

const badRequest = new Set([
  'ERR_INVALID_URL',
  'ERR_INVALID_PROTOCOL',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
  'ERR_INVALID_ARG_VALUE',
])

/**
 * What it means that no whole answer came. Time-outs of our own are not losses: the transport calls
 * them `silent`.
 *
 * A connection that is lost after the request was sent counts against the row, also when not one
 * byte came back: a row that crashes its server would otherwise be sent for ever. When every row
 * loses its connection, the engine takes the server for away and the rows lose nothing.
 */
export function meaningOfLoss(error: unknown, asked: AskedOf): CallResult {
  const { code, message, syscall } = partsOf(error)
  const detail = excerpt(message || code || 'the connection was lost', asked.secrets)
  const step = everyonesStep(code, message, asked)
  if (step !== undefined) return { kind: 'fatal', error: everyonesError(asked, detail, step) }
  const failed = (reason: string, said = detail): CallResult => ({
    kind: 'failed',
    reason,
    detail: said,
    retryAfterMs: undefined,
    paid: undefined,
  })
  // The request was never sent.
  const isUnsent =
    unreachable.has(code) ||
    syscall === 'connect' ||
    /before secure tls connection|connect timeout|connect etimedout|proxy connection|tunneling socket/i.test(message)
  if (isUnsent) return { kind: 'away', reason: 'unreachable', detail, retryAfterMs: undefined }
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT') return { kind: 'silent', reason: 'timeout', detail }
  if (code.startsWith('HPE_') && !/EOF|OVERFLOW/.test(code))
    return failed('broken-reply', `${detail}: what answers at ${asked.baseUrl} does not speak HTTP`)
  if (code.startsWith('Z_') || code === 'ERR_CONTENT_DECODING_FAILED') return failed('broken-reply')
  return failed('connection-lost')
}

/** What to change in the recipe; undefined for a loss that may pass. */
function everyonesStep(code: string, message: string, { endpoint, baseUrl }: AskedOf): string | undefined {
  const at = `at the endpoint "${endpoint.name}" in the recipe`
  if (selfSigned.has(code))
    return `set \`caFile\` ${at} to the PEM file of the authority that signed the server's certificate`
  if (badCertificate.has(code))
    return `renew the certificate of ${baseUrl}, check this machine's clock, or set \`caFile\` ${at}`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `use the name that the server's certificate is for in the URL ${baseUrl} ${at}`
  if (
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL/.test(code) ||
    /wrong version number|packet length too long/i.test(message)
  )
    return `begin the URL ${baseUrl} with http:// ${at}: the server does not speak TLS at this port`
  if (
    /^ERR_SSL_.*(ALERT|UNSUPPORTED|NO_PROTOCOLS|NO_CIPHER|HANDSHAKE)/.test(code) ||
    (code === 'EPROTO' && /alert|unsupported|handshake/i.test(message))
  )
    return `check the URL ${baseUrl} ${at}: the server refuses the TLS handshake (another name, an old version, or a certificate of the client)`
  if (
    code === 'ERR_INVALID_CHAR' ||
    code === 'ERR_INVALID_HTTP_TOKEN' ||
    /invalid header|invalid character in header|invalid value .* header/i.test(message)
  )
    return `take line breaks and other special characters out of the key${endpoint.apiKeyEnv ? ` in ${endpoint.apiKeyEnv}` : ''} and the \`headers\` ${at}`
  if (badRequest.has(code) || /^invalid url/i.test(message)) return `correct the URL ${baseUrl} ${at}`
  if (/proxy authentication|\b407\b/i.test(message)) return `give the proxy's name and password in \`proxy\` ${at}`
  return undefined
}

interface Loss {
  code: string
  message: string
  syscall: string | undefined
}

/**
 * The first error with a code: clients wrap it as `cause`, attempts at several addresses as
 * `errors`.
 */
function partsOf(error: unknown, depth = 0): Loss {
  const code = errorCode(error)
  const inner = depth < 5 && error instanceof Error ? innerOf(error) : undefined
  if (code === null && inner !== undefined) {
    const parts = partsOf(inner, depth + 1)
    return parts.message === '' ? { ...parts, message: messageOf(error) } : parts
  }
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined
  const said = messageOf(error)
  const message = said === '' && inner !== undefined ? messageOf(inner) : said
  return { code: code ?? '', message, syscall: typeof syscall === 'string' ? syscall : undefined }
}

/** Not `String(error)`: an object may refuse to become a text. */
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : typeof error === 'string' ? error : ''

const innerOf = (error: Error): unknown =>
  error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as unknown) : error.cause

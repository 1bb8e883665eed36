import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { Connection } from '@temporalio/client'
import type { ConnectionOptions } from '@temporalio/client'
import {
  normalizeGrpcEndpointAddress,
  splitProtoHostPort,
} from '@temporalio/common/lib/internal-non-workflow/parse-host-uri.js'
import type { NativeConnectionOptions } from '@temporalio/worker'
import { errorCode, HoneError } from '../domain/errors.ts'
import type { TemporalServer } from './temporal-server.ts'

const defaultPort = 7233

/**
 * Options of a client's connection. The key is a function, so each request sends the present key.
 */
export function clientOptions({ address, access }: TemporalServer): ConnectionOptions {
  if (access === undefined) return { address }
  const withKey = access.hasKey ? { apiKey: () => access.key() ?? '' } : {}
  return { address, tls: access.tls ?? null, metadata: access.headers, ...withKey }
}

/**
 * Options of a worker's connection. It takes a key as text only. A rotated key is given to
 * `setApiKey` later (worker/temporal.ts).
 */
export function nativeOptions({ address, access }: TemporalServer): NativeConnectionOptions {
  if (access === undefined) return { address }
  const apiKey = access.key()
  return { address, tls: access.tls ?? null, metadata: access.headers, ...(apiKey !== null && { apiKey }) }
}

/**
 * Connects a client. Throws EndpointRefused (MissingDependency for a server of Hone's own) with the
 * reason.
 */
export async function connectTemporal(server: TemporalServer, connectTimeoutMs = 10_000): Promise<Connection> {
  return await told(server, () => Connection.connect({ ...clientOptions(server), connectTimeout: connectTimeoutMs }))
}

/**
 * Calls `connect`, and gives a failure a reason in words. TLS is checked first, because the
 * client's own library keeps trying until its time is over and then knows no reason.
 */
export async function told<Result>(server: TemporalServer, connect: () => Promise<Result>): Promise<Result> {
  checkAddress(server)
  const seen = server.access?.usesTls === true ? await lookAt(server) : null
  const problem = tlsProblem(server, seen)
  if (problem !== null) throw refused(server, problem.what, problem.nextStep)
  try {
    return await connect()
  } catch (error) {
    if (seen !== 'CLOSED') throw await connectionProblem(server, error)
    throw refused(
      server,
      'closes the connection after the TLS handshake',
      'It may want a client certificate, or another one (TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH); its log says why.',
    )
  }
}

/** The error for a Temporal server that refuses the connection or a request. It names no secret. */
export async function connectionProblem(server: TemporalServer, error: unknown): Promise<HoneError> {
  if (error instanceof HoneError) return error
  const { address, namespace, access } = server
  const status = statusOf(error)
  const words = access?.withoutSecrets(messageOf(error)) ?? messageOf(error)
  if (access === undefined)
    return new HoneError({
      type: 'MissingDependency',
      message: `No Temporal server answers at ${address}: ${words}.`,
      nextStep: 'Start one with `hone dev`, or set TEMPORAL_ADDRESS to a server that runs.',
    })
  if (status === 'unauthenticated' || status === 'denied')
    return access.hasKey
      ? refused(
          server,
          `refuses the API key for namespace ${namespace}: ${words}`,
          'Give a valid key in TEMPORAL_API_KEY or as api_key of the profile, and check TEMPORAL_NAMESPACE.',
        )
      : refused(
          server,
          `lets nobody in without a key or a client certificate that it knows: ${words}`,
          'Set TEMPORAL_API_KEY, or TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or a profile with them.',
        )
  if (status === 'not-found')
    return refused(
      server,
      `does not serve namespace ${namespace}: ${words}`,
      'Correct TEMPORAL_NAMESPACE or create it.',
    )
  if (!access.usesTls && speaksTls(await lookAt(server)))
    return refused(server, 'wants TLS, and no TLS is set', 'Set TEMPORAL_TLS=true and what its certificate needs.')
  return refused(
    server,
    `does not answer for namespace ${namespace}: ${words}`,
    `Start that server, or correct its address and namespace (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, the profile). Unset TEMPORAL_ADDRESS, TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE to use a dev server that Hone starts.`,
  )
}

const refused = ({ address }: TemporalServer, what: string, nextStep: string): HoneError =>
  new HoneError({ type: 'EndpointRefused', message: `Temporal at ${address} ${what}.`, nextStep })

function checkAddress({ address }: TemporalServer): void {
  try {
    normalizeGrpcEndpointAddress(address, defaultPort)
  } catch {
    throw new HoneError({
      type: 'InvalidInput',
      message: `Temporal's address ${address} is not host:port.`,
      nextStep: 'Correct TEMPORAL_ADDRESS or the profile, e.g. temporal.example.com:7233, without https://.',
    })
  }
}

type Status = 'unauthenticated' | 'denied' | 'not-found' | null

// Numbers of gRPC's status codes, and the words for them in an error of the native
// connection (tonic::Code).
const statuses: Readonly<Record<number, { status: Status; words: string }>> = {
  5: { status: 'not-found', words: 'Some requested entity was not found' },
  7: { status: 'denied', words: 'does not have permission' },
  16: { status: 'unauthenticated', words: 'does not have valid authentication' },
}

function statusOf(error: unknown): Status {
  for (const one of causes(error)) {
    if ('code' in one && typeof one.code === 'number') return statuses[one.code]?.status ?? null
    const known = Object.values(statuses).find(({ words }) => one.message.includes(words))
    if (known) return known.status
  }
  return null
}

/**
 * The innermost words, as the server wrote them: the words around them say only that no
 * connection was made.
 */
function messageOf(error: unknown): string {
  const innermost = causes(error).at(-1)
  const message = innermost?.message ?? String(error)
  return (/message: "([^"]+)"(?!.*source)/.exec(message)?.[1] ?? message).replace(/\.$/, '')
}

function causes(error: unknown): Error[] {
  const chain: Error[] = []
  for (let at = error; at instanceof Error && chain.length < 10; at = at.cause) chain.push(at)
  return chain
}

// An HTTP/2 client's first words and an empty frame of settings: RFC 9113, section 3.4.
const greeting = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])

/**
 * Does the TLS handshake, greets as a gRPC client would, and waits for an answer: in TLS 1.3 the
 * server checks a client's certificate only after the client has ended its handshake. Returns the
 * code of what went wrong, or null; `CLOSED` for a server that closes after a handshake without a
 * reason.
 */
async function lookAt(server: TemporalServer): Promise<string | null> {
  const { hostname, port } = splitProtoHostPort(normalizeGrpcEndpointAddress(server.address, defaultPort)) ?? {}
  const host = (hostname ?? '').replace(/^\[|\]$/g, '')
  return await new Promise((resolve) => {
    let hasShakenHands = false
    const socket = connectTls({ host, port: port ?? defaultPort, ...tlsOptions(server, host) }, () => {
      hasShakenHands = true
      socket.write(greeting)
    })
    const end = (code: string | null): void => {
      socket.destroy()
      resolve(code === 'ECONNRESET' && hasShakenHands ? 'CLOSED' : code)
    }
    socket.setTimeout(5000, () => end('ETIMEDOUT'))
    socket.once('data', () => end(null))
    socket.on('error', (error) => end(errorCode(error) ?? 'unknown'))
    socket.once('close', () => end('ECONNRESET'))
  })
}

function tlsOptions({ access }: TemporalServer, host: string): TlsOptions {
  const tls = access?.tls
  const common: TlsOptions = { ALPNProtocols: ['h2'], ...(isIP(host) === 0 && { servername: host }) }
  if (tls === undefined || tls === null || typeof tls === 'boolean') return common
  const { serverRootCACertificate: ca, clientCertPair: pair, serverNameOverride: servername } = tls
  return {
    ...common,
    ...(ca && { ca: Buffer.from(ca) }),
    ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }),
    ...(servername !== undefined && { servername }),
  }
}

// OpenSSL's codes for a chain of certificates that ends at no trusted CA:
// https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
const untrusted =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT.*|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED)$/

/** Whether a handshake that ended with this code met a server that speaks TLS. */
const speaksTls = (code: string | null): boolean =>
  code === null || untrusted.test(code) || /^(CERT_|ERR_TLS_CERT)|ALERT/.test(code)

/** What is wrong with TLS. Null when TLS works, or when something else failed. */
function tlsProblem(server: TemporalServer, code: string | null): { what: string; nextStep: string } | null {
  if (code === null) return null
  if (untrusted.test(code))
    return {
      what: `has a certificate that the given CA has not signed (${code})`,
      nextStep:
        'Name the CA that signed it in TEMPORAL_TLS_SERVER_CA_CERT_PATH, or as tls.server_ca_cert_path of the profile.',
    }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      what: `has a certificate for another name (${code})`,
      nextStep: 'Use the name in the certificate as address, or give it in TEMPORAL_TLS_SERVER_NAME.',
    }
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code))
    return {
      what: `has a certificate that is not valid today (${code})`,
      nextStep: 'Renew it, and check the clock of this machine.',
    }
  if (/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/.test(code))
    return {
      what: `does not speak TLS (${code})`,
      nextStep: 'Correct the port, or set TEMPORAL_TLS=false if no key or password crosses a network.',
    }
  if (/ALERT/.test(code))
    return server.access?.hasCertificate !== true
      ? {
          what: `wants a client certificate (${code})`,
          nextStep: 'Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or both in the profile.',
        }
      : { what: `refuses the client certificate (${code})`, nextStep: 'Name a certificate that the server trusts.' }
  return null
}

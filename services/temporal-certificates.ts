import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ClientConfigProfile, ConfigDataSource } from '@temporalio/envconfig'
import { errorCode, HoneError } from '../domain/errors.ts'

/** TLS settings with their files read and checked, so that an error names the wrong file. */
export function withCertificates({ tls }: ClientConfigProfile): Pick<ClientConfigProfile, 'tls'> {
  if (tls === undefined || tls.disabled === true) return tls === undefined ? {} : { tls }
  const cert = readPem('client certificate', tls.clientCert, (pem) => new X509Certificate(pem))
  const key = readPem('key of the client certificate', tls.clientKey, (pem) => createPrivateKey(pem))
  const ca = readPem('CA certificate', tls.serverCACert, (pem) => new X509Certificate(pem))
  if ((cert === null) !== (key === null))
    throw wrong(
      `Temporal's client certificate needs both parts, and only the ${cert === null ? 'key' : 'certificate'} is named.`,
      'Set both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or both in the profile.',
    )
  if (cert !== null && key !== null) checkPair(cert, key)
  return {
    tls: {
      ...tls,
      ...(cert && { clientCert: { data: cert } }),
      ...(key && { clientKey: { data: key } }),
      ...(ca && { serverCACert: { data: ca } }),
    },
  }
}

function readPem(what: string, from: ConfigDataSource | undefined, parse: (pem: Buffer) => unknown): Buffer | null {
  if (from === undefined) return null
  const place = 'path' in from ? `, ${from.path},` : ''
  let pem: Buffer
  try {
    pem = 'path' in from ? readFileSync(from.path) : Buffer.from(from.data)
  } catch (error) {
    throw wrong(
      `Temporal's ${what}${place} cannot be read (${errorCode(error) ?? 'no file'}).`,
      'Correct the path, or let the user who runs Hone read the file.',
    )
  }
  try {
    parse(pem)
  } catch {
    throw wrong(
      `Temporal's ${what}${place} is no usable PEM.`,
      'Give one that begins with -----BEGIN …-----; a key must have no passphrase.',
    )
  }
  return pem
}

function checkPair(cert: Buffer, key: Buffer): void {
  try {
    createSecureContext({ cert, key })
  } catch {
    throw wrong("Temporal's client certificate and its key do not belong together.", 'Name the pair that does.')
  }
}

/** A setting that cannot be used. It has no cause: a parser's message may quote a secret. */
export const wrong = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep })

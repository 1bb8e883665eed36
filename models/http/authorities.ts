import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { HoneError, messageOf } from '../../domain/errors.ts'

/**
 * Trust in the certificates of a PEM file beside the usual ones. Node replaces its own list when it
 * is given another list, so its own list and that of NODE_EXTRA_CA_CERTS are added here. Throws
 * HoneError InvalidRecipe for a file that cannot be read or holds no certificate.
 */
export function trustIn(caFile: string): tls.SecureContext {
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  try {
    const pem = readFileSync(caFile, 'utf8')
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate in PEM form')
    return tls.createSecureContext({ ca: [...tls.rootCertificates, ...(extra ? [ownExtra(extra)] : []), pem] })
  } catch (error) {
    throw new HoneError({
      type: 'InvalidRecipe',
      message: `the file of certificate authorities (caFile: ${caFile}) cannot be used: ${messageOf(error)}`,
      nextStep: 'name a PEM file that exists on the machine where the worker runs',
    })
  }
}

/** Node itself only warns about a file that it cannot read. */
function ownExtra(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

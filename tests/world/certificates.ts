import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of a certificate and its key. */
export interface Pair {
  cert: string
  key: string
}

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A certificate authority for one test, in the test's folder. */
export function makeAuthority(
  folder: string,
  name: string,
): Pair & { sign: (whom: string, ...names: string[]) => Pair } {
  const path = (file: string): string => join(folder, file)
  const ca = { cert: path(`${name}.pem`), key: path(`${name}.key`) }
  openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-keyout', ca.key, '-out', ca.cert)
  return {
    ...ca,
    /** Signs a certificate for these names, e.g. `IP:127.0.0.1`. */
    sign(whom, ...names) {
      const pair = { cert: path(`${whom}.pem`), key: path(`${whom}.key`) }
      const extensions = path(`${whom}.ext`)
      writeFileSync(
        extensions,
        `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${names.join(',')}\n`,
      )
      const request = path(`${whom}.csr`)
      openssl('req', '-new', ...newKey, '-subj', `/CN=${whom}`, '-keyout', pair.key, '-out', request)
      const signed = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', '2', '-extfile', extensions]
      openssl('x509', '-req', '-in', request, ...signed, '-out', pair.cert)
      return pair
    },
  }
}

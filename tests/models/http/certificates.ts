import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const run = promisify(execFile)

export interface Certificates {
  /** PEM file of the authority. */
  caFile: string
  key: string
  cert: string
}

/**
 * A new authority and a certificate of it for `model.invalid` and 127.0.0.1, until the test ends.
 */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-certificates-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = (name: string) => join(folder, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const openssl = (...args: string[]) => run('openssl', args)
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=test authority',
  )
  await openssl('req', ...newKey, '-keyout', file('key.pem'), '-out', file('request'), '-subj', '/CN=model.invalid')
  await writeFile(file('names'), 'subjectAltName=DNS:model.invalid,IP:127.0.0.1')
  const signing = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names')]
  await openssl('x509', '-req', '-in', file('request'), ...signing, '-out', file('cert.pem'))
  const read = (name: string) => readFile(file(name), 'utf8')
  return { caFile: file('ca.pem'), key: await read('key.pem'), cert: await read('cert.pem') }
}

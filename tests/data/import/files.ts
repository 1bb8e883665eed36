import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createGzip } from 'node:zlib'
import { buffer } from 'node:stream/consumers'
import { DuckDBInstance } from '@duckdb/node-api'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import type { Header } from 'tar-stream'
import { afterAll } from 'vitest'
import { crc32 } from 'node:zlib'

const made: string[] = []
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))))

/** A new folder with these files. The end of the test file removes it. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-import-'))
  made.push(folder)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

/** A small PNG of one colour that depends on `mark`. */
export const picture = (mark = 0): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: { r: mark % 256, g: (mark * 7) % 256, b: 90 } } })
    .png()
    .toBuffer()

/** Lines of JSON. */
export const jsonl = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

/** Writes the result of a query as Parquet. */
export async function parquet(file: string, query: string, options = ''): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await mkdir(dirname(file), { recursive: true })
  await connection.run(`copy (${query}) to '${file}' (format parquet${options})`)
  connection.closeSync()
  instance.closeSync()
}

/** Bytes as an SQL literal. */
export const blob = (bytes: Uint8Array): string => `from_hex('${Buffer.from(bytes).toString('hex')}')`

/** A tar of these entries, gzipped or not. */
export async function tar(
  entries: readonly (Partial<Header> & { name: string; content?: string | Uint8Array })[],
  gzip = false,
): Promise<Buffer> {
  const packing = pack()
  for (const { content = '', ...header } of entries) packing.entry(header, Buffer.from(content))
  packing.finalize()
  return buffer(gzip ? packing.pipe(createGzip()) : packing)
}

/** A zip of uncompressed entries with any names. `mode` is the Unix mode. */
export function zip(entries: readonly { name: string; content?: string | Uint8Array; mode?: number }[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content = '', mode = 0 } of entries) {
    const data = Buffer.from(content)
    const file = Buffer.from(name)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    head.writeUInt16LE(20, 4)
    head.writeUInt32LE(crc32(data), 14)
    head.writeUInt32LE(data.length, 18)
    head.writeUInt32LE(data.length, 22)
    head.writeUInt16LE(file.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE((3 << 8) | 20, 4)
    entry.writeUInt16LE(20, 6)
    entry.writeUInt32LE(crc32(data), 16)
    entry.writeUInt32LE(data.length, 20)
    entry.writeUInt32LE(data.length, 24)
    entry.writeUInt16LE(file.length, 28)
    entry.writeUInt32LE((mode << 16) >>> 0, 38)
    entry.writeUInt32LE(offset, 42)
    parts.push(head, file, data)
    directory.push(entry, file)
    offset += head.length + file.length + data.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}

import { readdirSync, readFileSync, statSync, writeFileSync, mkdirSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import sharp from 'sharp'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { hashFile, sha256Hex } from '../../../artifacts/hash.ts'
import type { ExportRow } from '../../../data/export/format.ts'
import { temporaryHome } from '../../world/home.ts'
import { exportRows, exportTo, pictureStore } from './export-world.ts'
import type { PictureStore } from './export-world.ts'

let home: string
let output: string
let store: PictureStore
beforeEach(async () => {
  home = temporaryHome()
  output = join(home, 'out')
  store = await pictureStore(join(home, 'store'))
})

/** The result of a query as JSON. */
async function query(sql: string): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  return (await connection.runAndReadAll(sql)).getRowObjectsJson()
}
const lines = (path: string): unknown[] =>
  readFileSync(join(output, path), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Kept rows that share one picture. */
const many = (count: number): ExportRow[] =>
  Array.from({ length: count }, (_, index) => ({
    ...exportRows(store)[0]!,
    id: `row-${index}`,
    images: [index % 2 === 0 ? store.red : store.blue],
  }))

describe('rows that cannot be exported', () => {
  it('are counted by reason and listed, and the rest is written', async () => {
    const { manifest, refused } = await exportTo(store, { to: 'llamafactory', output })
    const reasons = { 'image-mark-in-trace': 1, 'no-trace': 1, 'picture-missing': 1 }
    expect(manifest.counts).toEqual({ read: 7, exported: 4, refused: reasons })
    expect(refused).toEqual([
      { id: 'no-trace', reason: 'no-trace' },
      { id: 'marked', reason: 'image-mark-in-trace' },
      { id: 'gone', reason: 'picture-missing' },
    ])
    expect(lines('hone-refused.jsonl')).toEqual(refused)
    expect(lines('train.jsonl')).toHaveLength(4)
  })

  it.each([
    ['no-trace', 'give --kind rl', { trace: null }],
    ['picture-missing', 'HONE_HOME', { images: ['0'.repeat(64)] }],
  ])('are an error with a next step when none is left: %s', async (reason, step, change) => {
    const rows = many(2).map((row) => ({ ...row, ...change }))
    const exporting = exportTo(store, { to: 'llamafactory', output }, rows)
    await expect(exporting).rejects.toMatchObject({
      type: 'EmptyDataset',
      message: expect.stringContaining(`${reason} 2 of 2`),
      nextStep: expect.stringContaining(step),
    })
    expect(readdirSync(home)).toEqual(['store'])
  })
})

describe('the manifest', () => {
  it('names every file with its hash, the pictures and the versions of the verifier', async () => {
    const { manifest } = await exportTo(store, { to: 'llamafactory', output })
    expect(JSON.parse(readFileSync(join(output, 'hone-manifest.json'), 'utf8'))).toEqual(manifest)
    expect(manifest.files.map(({ path }) => path)).toEqual(['train.jsonl', 'dataset_info.json', 'hone-refused.jsonl'])
    for (const { path, sha256, bytes } of manifest.files) {
      expect({ path, sha256: await hashFile(join(output, path)) }).toEqual({ path, sha256 })
      expect(statSync(join(output, path)).size).toBe(bytes)
    }
    expect(manifest.verifierVersions).toEqual(['7'])
    expect(manifest.pictures).toMatchObject({ folder: 'images', count: 2 })
    expect(manifest.dataset).toMatchObject({ id: 'demo/1/select', contentHash: 'c'.repeat(64), recipeHash: 'r1' })
  })

  it.each(['llamafactory', 'easyr1', 'verl', 'trl', 'swift', 'hf-parquet', 'jsonl'] as const)(
    'is the same, byte for byte, when the same rows go to %s again',
    async (to) => {
      const [one, two] = [join(home, 'one'), join(home, 'two')]
      for (const folder of [one, two]) await exportTo(store, { to, output: folder })
      const [first, second] = [one, two].map((folder) => readFileSync(join(folder, 'hone-manifest.json'), 'utf8'))
      expect(first).toBe(second)
    },
  )
})

describe('pictures', () => {
  it('beside the rows are named by hash and kind, once each', async () => {
    await exportTo(store, { to: 'swift', output })
    const named = readdirSync(join(output, 'images'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes('.'),
    )
    expect(named.sort()).toEqual(
      [`${store.red.slice(0, 2)}/${store.red}.png`, `${store.blue.slice(0, 2)}/${store.blue}.jpg`].sort(),
    )
    for (const path of named)
      expect(sha256Hex(readFileSync(join(output, 'images', path)))).toBe(/(\w{64})/.exec(path)?.[1])
    expect(lines('train.jsonl')[2]).toMatchObject({
      images: [
        `images/${store.red.slice(0, 2)}/${store.red}.png`,
        `images/${store.blue.slice(0, 2)}/${store.blue}.jpg`,
      ],
    })
  })

  it('can be hard links to the files of the store', async () => {
    await exportTo(store, { to: 'jsonl', output, images: 'link' })
    const path = join(output, 'images', store.red.slice(0, 2), `${store.red}.png`)
    expect(statSync(path).ino).toBe(statSync(store.pathOf(store.red)).ino)
  })

  it('are what models see for every program but Hone', async () => {
    const seen = { r: 200, g: 30, b: 30 }
    const clear = { width: 60, height: 50, channels: 4, background: { ...seen, alpha: 0.5 } } as const
    const hash = await store.put(await sharp({ create: clear }).png().toBuffer())
    const rows = [{ ...exportRows(store)[0]!, images: [hash] }]
    await exportTo(store, { to: 'llamafactory', output }, rows)
    const [line] = z.array(z.looseObject({ images: z.array(z.string()) })).parse(lines('train.jsonl'))
    const bytes = readFileSync(join(output, line?.images[0] ?? ''))
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    expect([info.channels, ...data.subarray(0, 3)]).toEqual([3, 227, 142, 142])
    expect(line?.images).toEqual([`images/${sha256Hex(bytes).slice(0, 2)}/${sha256Hex(bytes)}.png`])
    for (const to of ['verl', 'hf-parquet'] as const) {
      const folder = join(home, to)
      await exportTo(store, { to, output: folder }, rows)
      const embedded = await query(`select sha256(images[1].bytes) as hash from '${folder}/data/*.parquet'`)
      expect(embedded).toEqual([{ hash: sha256Hex(bytes) }])
    }
    const own = join(home, 'own')
    await exportTo(store, { to: 'jsonl', output: own }, rows)
    expect(existsSync(join(own, 'images', hash.slice(0, 2), `${hash}.png`))).toBe(true)
  })

  it('leave their row out for trainers where they are too flat', async () => {
    const flat = { width: 402, height: 2, channels: 3, background: 'red' } as const
    const hash = await store.put(await sharp({ create: flat }).png().toBuffer())
    const rows = [exportRows(store)[0]!, { ...exportRows(store)[0]!, id: 'flat', images: [hash] }]
    expect((await exportTo(store, { to: 'verl', output }, rows)).refused).toEqual([
      { id: 'flat', reason: 'image-too-flat' },
    ])
    expect((await exportTo(store, { to: 'hf-parquet', output: join(home, 'all') }, rows)).refused).toEqual([])
  })

  it('are whole inside Parquet, and paths when they are copied', async () => {
    await exportTo(store, { to: 'easyr1', output })
    const found = await query(
      `select list_transform(images, x -> sha256(x.bytes)) as hashes from '${output}/data/*.parquet' limit 3`,
    )
    expect(found).toEqual([{ hashes: [store.red] }, { hashes: [store.blue] }, { hashes: [store.red, store.blue] }])
    const copied = join(home, 'copied')
    await exportTo(store, { to: 'easyr1', output: copied, images: 'copy' })
    const [first] = await query(`select images from '${copied}/data/*.parquet' limit 1`)
    expect(first).toEqual({ images: [`images/${store.red.slice(0, 2)}/${store.red}.png`] })
  })
})

describe('Parquet files', () => {
  it('have the wanted size and a number, with every row in order', async () => {
    const { manifest } = await exportTo(store, { to: 'verl', output, shardBytes: 20_000 }, many(120))
    const files = readdirSync(join(output, 'data')).sort()
    expect(files.length).toBeGreaterThan(2)
    expect(files).toEqual(
      files.map((_, index) => `train-0000${index}-of-${String(files.length).padStart(5, '0')}.parquet`),
    )
    expect(manifest.files.reduce((sum, { rows }) => sum + (rows ?? 0), 0)).toBe(120)
    const ids = await query(
      `select extra_info.id as id from read_parquet('${output}/data/*.parquet', filename = true) order by filename, extra_info.index`,
    )
    expect(ids).toEqual(many(120).map(({ id }) => ({ id })))
  })

  it('have row groups of 100 rows where pictures are in them', async () => {
    await exportTo(store, { to: 'trl', output }, many(250))
    const groups = await query(
      `select distinct row_group_id as id, row_group_num_rows as n from parquet_metadata('${output}/data/*.parquet') order by 1`,
    )
    expect(groups.map((group) => Object.values(group as object))).toEqual([
      ['0', '100'],
      ['1', '100'],
      ['2', '50'],
    ])
  })

  it('say in their metadata that the column holds pictures', async () => {
    await exportTo(store, { to: 'hf-parquet', output })
    const [found] = await query(
      `select decode(value) as value from parquet_kv_metadata('${output}/data/*.parquet') where decode(key) = 'huggingface'`,
    )
    const { info } = JSON.parse((found as { value: string }).value)
    expect(info.features.images).toEqual([{ _type: 'Image' }])
    expect(info.features.choices).toEqual([{ dtype: 'string', _type: 'Value' }])
  })
})

describe('the folder', () => {
  it('is refused when it has other files or an earlier export', async () => {
    mkdirSync(output)
    await exportTo(store, { to: 'jsonl', output })
    await expect(exportTo(store, { to: 'jsonl', output })).rejects.toMatchObject({
      nextStep: expect.stringContaining('--replace'),
    })
    const other = join(home, 'other')
    mkdirSync(other)
    writeFileSync(join(other, 'thesis.tex'), 'x')
    await expect(exportTo(store, { to: 'jsonl', output: other, replace: true })).rejects.toThrow('holds other files')
    expect(readdirSync(other)).toEqual(['thesis.tex'])
  })

  it('is replaced as a whole on demand', async () => {
    await exportTo(store, { to: 'jsonl', output })
    await exportTo(store, { to: 'easyr1', output, replace: true })
    expect(readdirSync(output).sort()).toEqual(['data', 'hone-manifest.json', 'hone-refused.jsonl'])
    expect(readdirSync(home).sort()).toEqual(['out', 'store'])
    // Other users may enter it, like any folder that the user makes.
    expect(statSync(output).mode & 0o777).toBe(0o777 & ~process.umask())
  })

  it('comes back after a kill in the middle of a replacement left it hidden', async () => {
    await exportTo(store, { to: 'jsonl', output })
    const hidden = join(home, '.out.part-0a1b2c3d.old')
    renameSync(output, hidden)
    await expect(exportTo(store, { to: 'jsonl', output })).rejects.toThrow('holds an earlier export')
    expect(readdirSync(home).sort()).toEqual(['out', 'store'])
    renameSync(output, hidden)
    await exportTo(store, { to: 'easyr1', output, replace: true })
    expect(readdirSync(home).sort()).toEqual(['out', 'store'])
  })

  it('leaves no file open when rows fail midway', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length
    const breaking = async (): Promise<void> => {
      async function* rows() {
        // The rows are more than the writer's buffer of one mebibyte, so that its files are open.
        for (const row of many(4)) yield { ...row, trace: `${'x'.repeat(600_000)}<answer>3</answer>` }
        throw new Error('the connection broke')
      }
      await expect(exportTo(store, { to: 'llamafactory', output }, rows())).rejects.toThrow('the connection broke')
    }
    await breaking()
    const before = open()
    for (let time = 0; time < 20; time++) await breaking()
    expect(open()).toBeLessThan(before + 10)
  })

  it('does not exist after a stopped export, and nothing is left beside it', async () => {
    const controller = new AbortController()
    const stopped = exportTo(
      store,
      {
        to: 'jsonl',
        output,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('stopped')),
      },
      many(1000),
    )
    await expect(stopped).rejects.toThrow('stopped')
    expect(existsSync(output)).toBe(false)
    expect(readdirSync(home)).toEqual(['store'])
  })
})

it('has no more rows than were asked for', async () => {
  const { manifest } = await exportTo(store, { to: 'jsonl', output, maxRows: 3 })
  expect(manifest.counts).toMatchObject({ read: 3, exported: 3 })
})

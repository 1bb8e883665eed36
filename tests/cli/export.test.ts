import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openArtifactStore } from '../../artifacts/store.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import type { Database } from '../../db/database.ts'
import { openDataset, sealDataset } from '../../db/datasets.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { saveReplies } from '../../db/replies.ts'
import { datasetOfImport, nameImport } from '../../db/imports.ts'
import { openRound } from '../../db/rounds.ts'
import { sampleRows, streamRows } from '../../db/rows.ts'
import { importSource } from '../../db/sources.ts'
import { openStep } from '../../db/steps.ts'
import type { Row } from '../../domain/rows.ts'
import { kept, openTestDatabase, reply, sourceLines } from '../db/world.ts'
import { hone as call } from './terminal.ts'
import type { Ran } from './terminal.ts'

const checkpoint = 'ba5e'.padEnd(64, '0')
const verified = { verdict: 'correct' as const, reason: 'same-number', extracted: '1', verifierVersion: '7' }

let world: Awaited<ReturnType<typeof openTestDatabase>>
let home: string
let source: string
beforeAll(async () => {
  world = await openTestDatabase()
  home = mkdtempSync(join(tmpdir(), 'hone-export-'))
  source = await fill(world.db)
})
afterAll(async () => {
  await world.close()
  rmSync(home, { recursive: true, force: true })
})

/**
 * A source of six rows with pictures that are there, and a step that kept four, dropped one and
 * failed one.
 */
async function fill(db: Database): Promise<string> {
  const store = await openArtifactStore(join(home, 'artifacts'))
  const lines = await Promise.all(
    sourceLines(6).map(async (line, index) => {
      const colour = { r: 40 * index, g: 0, b: 0 }
      const bytes = await sharp({ create: { width: 56, height: 56, channels: 3, background: colour } })
        .png()
        .toBuffer()
      const { hash } = await store.putImage(bytes)
      const more = [
        {},
        { kind: 'choice' as const, choices: ['0', '1', '2'] },
        { precision: 1, policy: { units: 'strict' as const } },
      ]
      return {
        ...line,
        ...more[index],
        images: [{ hash, width: 56, height: 56, bytes: bytes.length, mediaType: 'image/png' }],
      }
    }),
  )
  const recipe = { campaign: 'demo', promptSuffix: ' Think first.' }
  await insertCampaign(db, { id: 'demo', recipe, recipeHash: 'r1', recipeSource: 'hone: 1', folder: '/x' })
  const { datasetId } = await importSource(
    db,
    { name: 'circles', path: '/data/c', hash: 'f'.repeat(64), campaign: 'demo' },
    lines,
  )
  await nameImport(db, { name: 'my-circles', datasetId, mapping: {} })
  await openRound(db, { campaign: 'demo', number: 0, parent: null })
  await openRound(db, { campaign: 'demo', number: 1, parent: 0 })
  await recordCheckpoint(db, { id: checkpoint, path: '/store/base', bytes: 1, madeBy: null })
  const step = { campaign: 'demo', round: 1, name: 'select', kind: 'select', ordinal: 0, spec: {}, inputs: [datasetId] }
  const { stepId } = await openStep(db, step)
  await openDataset(db, { id: 'demo/1/select', stepId, name: 'select' })
  await saveReplies(db, stepId, [reply('key-1', { endpoint: 'student', model: `/served/${checkpoint}` })])
  const parents = await sampleRows(db, datasetId, 6)
  const outcomes = parents.map(({ id }, index) => {
    if (index === 4) return kept(id, 0, { status: 'dropped', reason: 'truncated' })
    if (index === 5) return { ...kept(id), status: 'failed' as const, reason: 'refused', detail: 'HTTP 400' }
    const changes = index === 3 ? {} : { trace: '<answer>1</answer>', verdict: verified, description: 'A circle.' }
    return kept(id, 0, { changes, requestKeys: index === 0 ? ['key-1'] : [] })
  })
  await commitOutcomes(db, 'demo/1/select', outcomes)
  await sealDataset(db, 'demo/1/select')
  const open = await openStep(db, { ...step, name: 'open', ordinal: 1 })
  await openDataset(db, { id: 'demo/1/open', stepId: open.stepId, name: 'open' })
  return datasetId
}

const hone = (argv: string[]): Promise<Ran> => call(argv, { env: { DATABASE_URL: world.url, HONE_HOME: home } })
let count = 0
/** The path of a folder that does not exist yet. */
const folder = (): string => join(home, `out-${count++}`)
const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('export', () => {
  it('writes the kept rows of a step with its campaign’s suffix, and names left-out rows and the next command', async () => {
    const output = folder()
    const { out, err, code } = await hone(['export', 'demo/1/select', '--to', 'llamafactory', '--output', output])
    expect(code).toBe(0)
    expect(err).toBe('export demo/1/select …\nexport demo/1/select: ready, 3 rows\n')
    expect(out).toContain(`3 rows of demo/1/select in ${output}\n  train.jsonl, 1.9 kB\n  images/: 3 pictures`)
    expect(out).toContain('left out: no-trace 1; each one in hone-refused.jsonl')
    expect(out).toContain(`dataset_dir=${output} dataset=demo-1-select`)
    const rows = linesOf(join(output, 'train.jsonl'))
    expect(rows).toHaveLength(3)
    expect(JSON.stringify(rows[0])).toMatch(/<image>How many circles are in item \d\?[^"]* Think first\./)
  })

  it('records the origin of the rows, down to the source and the checkpoint that wrote them', async () => {
    const said = await hone(['export', 'demo', '1', 'select', '--to', 'trl', '-o', folder(), '--json'])
    const { manifest, refused } = JSON.parse(said.out)
    expect(refused).toEqual([{ id: expect.any(String), reason: 'no-trace' }])
    expect(manifest.dataset).toMatchObject({ id: 'demo/1/select', campaign: 'demo', round: 1, step: 'select', rows: 4 })
    expect(manifest.dataset).toMatchObject({ recipeHash: 'r1', contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(manifest.verifierVersions).toEqual(['7'])
    const [own, from] = manifest.lineage.datasets
    expect(own).toMatchObject({
      id: 'demo/1/select',
      kept: 4,
      dropped: 1,
      failed: 1,
      inputs: [source],
      checkpoints: [checkpoint],
      models: [{ endpoint: 'student', replies: 1 }],
    })
    expect(from).toMatchObject({ id: source, sourceHash: 'f'.repeat(64), contentHash: expect.any(String) })
    expect(manifest.lineage.checkpoints).toEqual([{ id: checkpoint, trainedOn: [], startedFrom: null }])
    expect(said.out).not.toContain('/data/c')
  })

  it('takes a source by its id, by its name in the campaign and by the name of its import', async () => {
    for (const words of [[source], ['demo', '1', 'circles'], ['my-circles'], ['import:my-circles']]) {
      const output = folder()
      const { code } = await hone(['export', ...words, '--to', 'easyr1', '--output', output, '--images', 'link'])
      expect({ words, code }).toEqual({ words, code: 0 })
      expect(readdirSync(output).sort()).toEqual(['data', 'hone-manifest.json', 'images'])
    }
  })

  it('writes dropped and failed rows with their status if the format has a place for it', async () => {
    const output = folder()
    await hone(['export', 'demo/1/select', '--to', 'jsonl', '--status', 'all', '--output', output])
    const said = linesOf(join(output, 'train.jsonl')).map(({ status, reason }) => [status, reason])
    const kept = Array.from({ length: 4 }, () => [undefined, undefined])
    expect(said.slice(0, 4)).toEqual(kept)
    expect(said).toHaveLength(6)
    expect(said.slice(4)).toEqual(
      expect.arrayContaining([
        ['dropped', 'truncated'],
        ['failed', 'refused'],
      ]),
    )
    expect(await hone(['export', 'demo/1/select', '--to', 'trl', '--status', 'all', '-o', folder()])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--to hf-parquet or jsonl'),
    })
  })

  it('writes another suffix, fewer rows and bare answers on demand', async () => {
    const output = folder()
    const few = ['--max-rows', '2', '--prompt-suffix', ' Now!', '--answers', 'plain', '--kind', 'rl']
    await hone(['export', 'demo/1/select', '--to', 'swift', '-o', output, ...few])
    const rows = linesOf(join(output, 'train.jsonl'))
    expect(rows).toHaveLength(2)
    expect(JSON.stringify(rows[0])).toContain(' Now!"')
    expect(rows[0]?.['hone_row']).toMatch(/^\d$/)
  })
})

describe('export refuses, with a next step,', () => {
  const refused: [string, string[], string][] = [
    [
      'a kind that a format cannot hold',
      ['demo/1/select', '--to', 'llamafactory', '--kind', 'rl'],
      '--to easyr1, verl, trl, swift',
    ],
    [
      'a kind that a trainer does not have',
      ['demo/1/select', '--to', 'easyr1', '--kind', 'sft'],
      '--to llamafactory, verl',
    ],
    ['a kind for a format that has no kinds', ['demo/1/select', '--to', 'jsonl', '--kind', 'sft'], 'Leave --kind out'],
    [
      'pictures in a place that the format does not offer',
      ['demo/1/select', '--to', 'trl', '--images', 'copy'],
      'Give --images embed',
    ],
    ['an unknown dataset', ['nothing', '--to', 'trl'], 'an import by its name: my-circles'],
    ['an unknown step', ['demo/1/nothing', '--to', 'trl'], 'hone show demo 1'],
    ['a dataset that is not complete', ['demo/1/open', '--to', 'trl'], 'wait until the step'],
    ['an unknown format', ['demo/1/select', '--to', 'tfrecord'], 'hone help'],
    ['an export of nothing', ['demo/1/select', '--to', 'trl', '--max-rows', '0'], 'above 0'],
    ['files of size 0', ['demo/1/select', '--to', 'trl', '--shard-size', '0'], '--shard-size 500'],
  ]
  it.each(refused)('%s', async (_, argv, step) => {
    const output = folder()
    const { code, err } = await hone(['export', ...argv, '--output', output])
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(step) })
    expect(readdirSync(home)).not.toContain(output.split('/').at(-1))
  })

  it('a folder that cannot be made', async () => {
    const below = join(home, 'port.json', 'out')
    writeFileSync(join(home, 'port.json'), '{}')
    const { code, err } = await hone(['export', 'demo/1/select', '--to', 'trl', '--output', below])
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/Cannot write to[^]*give --output a place/) })
  })

  it('a dataset without any row that the format can hold', async () => {
    const { code, err } = await hone(['export', source, '--to', 'llamafactory', '--output', folder()])
    const told = /No row of circles \(source.*no-trace 6 of 6[^]*--kind rl with --to easyr1, verl, trl, swift, or/
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(told) })
    const own = await hone(['export', source, '--to', 'trl', '--output', folder()])
    expect(own.err).toContain('or give --kind rl, or --to jsonl')
  })

  it('rows without pictures, except in formats that hold rows of text', async () => {
    const texts = join(home, 'texts.jsonl')
    writeFileSync(texts, '{"id":"a","question":"What is 1 + 1?","answer":2}\n')
    await hone(['import', texts, '--as', 'texts'])
    const { code, err } = await hone(['export', 'texts', '--output', folder(), '--to', 'trl', '--kind', 'rl'])
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/no-image 1 of 1[^]*--to hf-parquet and/) })
    for (const [to, file] of [
      ['hf-parquet', ''],
      ['jsonl', '/train.jsonl'],
    ] as const) {
      const output = folder()
      const { out } = await hone(['export', 'texts', '--to', to, '--output', output])
      expect(out).toContain('1 rows of texts (source/')
      const again = await hone(['import', `${output}${file}`, '--as', `texts-of-${to}`])
      expect(again.out).toContain(`texts-of-${to}: 1 rows with 0 pictures`)
    }
  })
})

describe('an export is imported again', () => {
  /** Rows of a dataset without their ids. */
  async function rowsOf(id: string): Promise<Row[]> {
    const rows: Row[] = []
    for await (const row of streamRows(world.db, id)) rows.push(row)
    return rows.map((row) => ({ ...row, id: '', originId: '' }))
  }

  async function roundTrip(to: string, file: string, dataset = source, flags: string[] = []): Promise<Row[]> {
    const output = folder()
    const name = `again-${to}-${count}`
    await hone(['export', dataset, '--to', to, '--output', output, ...flags])
    const imported = await hone(['import', `${output}${file}`, '--as', name, '--json'])
    expect({ to, code: imported.code, out: imported.out }).toMatchObject({ code: 0 })
    return await rowsOf((await datasetOfImport(world.db, name)) ?? '')
  }

  it('from JSON lines with everything but its ids', async () => {
    expect(await roundTrip('jsonl', '/train.jsonl')).toEqual(await rowsOf(source))
  })

  it.each([
    ['jsonl', []],
    ['easyr1', []],
    ['easyr1', ['--images', 'copy', '--answers', 'plain']],
    ['verl', []],
    ['trl', ['--kind', 'rl']],
    ['swift', ['--kind', 'rl']],
  ])('from the folder for %s %j with everything but its ids', async (to, flags) => {
    expect(await roundTrip(to, '', source, flags)).toEqual(await rowsOf(source))
  })

  it.each([
    ['llamafactory', []],
    ['verl', ['--kind', 'sft']],
    ['trl', []],
    ['swift', []],
  ])('from the folder for %s %j with its traces', async (to, flags) => {
    const traced = (await rowsOf('demo/1/select')).filter(({ trace }) => trace !== null)
    const plain = (rows: Row[]) => rows.map((row) => ({ ...row, parentId: null, verdict: null, metadata: {} }))
    expect(plain(await roundTrip(to, '', 'demo/1/select', flags))).toEqual(plain(traced))
  })

  it('from Parquet with everything but its ids, without a mapping', async () => {
    // A row of a source has no verdict and no status, so the import made these columns metadata.
    const marked = (rows: Row[]) =>
      rows.map((row) => ({ ...row, metadata: { ...row.metadata, origin: expect.any(String), status: 'kept' } }))
    expect(await roundTrip('hf-parquet', '')).toEqual(marked(await rowsOf(source)))
  })

  it.each([
    ['jsonl', '/train.jsonl', { verdict: verified }],
    ['hf-parquet', '', { verdict: 'correct', verdict_reason: 'same-number', extracted: '1', verifier_version: '7' }],
  ])('from a step’s %s with traces and descriptions, verdict and origin in the metadata', async (to, file, verdict) => {
    const before = await rowsOf('demo/1/select')
    const after = await roundTrip(to, file, 'demo/1/select')
    const strip = (rows: Row[]) => rows.map((row) => ({ ...row, parentId: null, verdict: null, metadata: {} }))
    expect(strip(after)).toEqual(strip(before))
    const judged = after.filter(({ trace }) => trace !== null)
    expect(judged).toHaveLength(3)
    for (const [index, row] of after.entries()) {
      const told = { ...before[index]?.metadata, origin: expect.any(String), ...(row.trace !== null && verdict) }
      expect(row.metadata).toMatchObject(told)
      expect(row.description).toBe(row.trace === null ? null : 'A circle.')
    }
  })

  it('by a step on a file, with its traces and pictures', async () => {
    const output = folder()
    await hone(['export', 'demo/1/select', '--to', 'jsonl', '--output', output])
    const chosen = join(output, 'chosen.jsonl')
    const said = await hone(['step', 'select', '--input', join(output, 'train.jsonl'), '--output', chosen])
    expect({ code: said.code, err: said.err }).toMatchObject({ code: 0 })
    const traces = linesOf(chosen).flatMap(({ trace, status }) =>
      status === undefined || status === 'kept' ? [trace] : [],
    )
    expect(traces.filter((trace) => trace === '<answer>1</answer>')).toHaveLength(3)
  })
})

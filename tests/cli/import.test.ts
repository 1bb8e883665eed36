import { readdir, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, openTestDatabase } from '../db/world.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { sftRow } from '../../trainers/training-rows.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import { datasetOfImport } from '../../db/imports.ts'
import { streamRows } from '../../db/rows.ts'
import { context, FakeAsk, trace } from '../data/rows.ts'
import type { OpenDatabase } from '../../db/database.ts'
import { folderOf, jsonl, parquet, picture, zip } from '../data/import/files.ts'
import { hone } from './terminal.ts'

let database: OpenDatabase & { url: string }
let home: string
const run = (...argv: string[]) => hone(['import', ...argv], { env: { DATABASE_URL: database.url, HONE_HOME: home } })

beforeAll(async () => {
  database = await openTestDatabase()
  home = join(await folderOf(), '.hone')
})
afterAll(() => database.close())

/** The number of files in the folder that Hone unpacks an archive to. */
async function unpackedFiles(): Promise<number> {
  const files = await readdir(join(home, 'imports'), { recursive: true }).catch(() => [])
  return files.length
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    question: `How many in ${index}?`,
    answer: index,
    image: `${index % 3}.png`,
    subject: 'algebra',
  }))

const source = async (count = 10) =>
  folderOf({
    'rows.jsonl': jsonl(rows(count)),
    '0.png': await picture(0),
    '1.png': await picture(1),
    '2.png': await picture(2),
  })

describe('hone import', () => {
  it('imports rows and pictures once under a name', async () => {
    const folder = await source()
    const first = await run(folder, '--as', 'ten', '--json')
    expect(first.code).toBe(0)
    const imported: unknown = JSON.parse(first.out)
    expect(imported).toMatchObject({ name: 'ten', rows: 10, failed: 0, pictures: 3, importedBefore: false })
    const again = await run(folder, '--as', 'ten')
    expect(again.out).toContain('ten: 10 rows with 3 pictures, imported before')
    expect(again.out).toContain('in a recipe: path: import:ten')

    const { datasetId } = Object(imported)
    const stored = await collect(streamRows(database.db, datasetId))
    expect(stored).toHaveLength(10)
    expect(stored[4]).toMatchObject({ question: 'How many in 4?', answer: '4', metadata: { subject: 'algebra' } })
    const store = await openArtifactStore(join(home, 'artifacts'))
    for (const hash of stored.flatMap(({ images }) => images)) expect(existsSync(store.imagePath(hash))).toBe(true)
  })

  it('notices a changed picture behind a used name, and gives the name to other data only on demand', async () => {
    const folder = await source(3)
    expect((await run(folder, '--as', 'three')).code).toBe(0)
    await writeFile(join(folder, '1.png'), await picture(99))
    const refused = await run(folder, '--as', 'three')
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('"three" belongs to other data already') })
    expect(refused.err).toContain('--replace')
    expect((await run(folder, '--as', 'three', '--replace')).out).toContain('three: 3 rows with 3 pictures\n')
  })

  it('prints a mapping that it can read again, and writes nothing', async () => {
    const folder = await source()
    const before = await readdir(home)
    const dry = await run(folder, '--dry-run')
    expect(dry.code).toBe(0)
    expect(dry.out).toContain('question: question\n')
    expect(dry.out).toContain('# Of the first 10 rows, 0 would fail')
    expect(dry.out.match(/^#   id /gm)).toHaveLength(5)
    expect(await readdir(home)).toEqual(before)
    const file = join(folder, 'map.yaml')
    await writeFile(file, dry.out.replace('answer: answer', 'leaveOut: [answer]'))
    const seen = await run(join(folder, 'rows.jsonl'), '--mapping', file, '--dry-run', '--json')
    expect(JSON.parse(seen.out)).toMatchObject({
      looked: 10,
      withoutAnswer: 10,
      rows: [{ id: 'r0', answer: null }, {}, {}, {}, {}],
    })
  })

  it('names the wrong line of a mapping and the right key', async () => {
    const folder = await source()
    const file = join(folder, 'map.yaml')
    await writeFile(file, 'questoin: problem\nimages: image\n')
    expect((await run(folder, '--as', 'x', '--mapping', file)).err).toContain('did you mean "question"?')
    await writeFile(file, 'question: queston\nimages: image\n')
    const wrong = await run(folder, '--as', 'x', '--mapping', file)
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringContaining('question: there is no column "queston": did you mean "question"?'),
    })
  })

  it('keeps bad rows with their reasons, up to a limit', async () => {
    const folder = await source()
    await writeFile(join(folder, 'rows.jsonl'), jsonl([...rows(9), { ...rows(1)[0], id: 'late', image: 'gone.png' }]))
    const dry = await run(folder, '--dry-run')
    expect(dry.out).toContain('# Of the first 10 rows, 1 would fail (10.0 %)')
    expect(dry.out).toContain('# that is more than 5 %, so an import would be refused')
    expect((await run(folder, '--dry-run', '--max-failed', '10%')).out).not.toContain('would be refused')
    const refused = await run(folder, '--as', 'some')
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('1 of 10 rows cannot be used; the limit is 5 %\n  line 10: image-missing')
    expect((await run('--list')).out).not.toContain('some')
    expect((await run(folder, '--as', 'some', '--max-failed', '0')).err).toContain('the limit is 0 rows')
    const told = await run(folder, '--as', 'some', '--max-failed', '1')
    expect(told.out).toContain(
      'some: 9 rows with 3 pictures; 10 were here from a run that did not end or was refused\n',
    )
    const taken = await run(folder, '--as', 'some', '--max-failed', '10%', '--json')
    expect(JSON.parse(taken.out)).toMatchObject({
      importedBefore: true,
      rows: 9,
      failed: 1,
      failures: [{ reason: 'image-missing', rows: 1 }],
    })
  })

  it('waits for pictures that cannot be fetched, and fetches only these pictures in the next run', async () => {
    let isUp = false
    const asked: string[] = []
    const content = await picture(5)
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      if (isUp || request.url === '/0.png' || request.url === '/3.png') response.end(content)
      else response.writeHead(503, { 'retry-after': '0' }).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    try {
      const lines = [0, 1, 2, 3].map((id) => ({ id, question: `Q${id}`, answer: id, image: `${base}/${id}.png` }))
      const folder = await folderOf({ 'rows.jsonl': jsonl(lines) })
      const web = (...more: string[]) => run(folder, '--as', 'web', '--allow-local-urls', ...more)
      const refused = await web()
      expect(refused.code).toBe(2)
      expect(refused.err).toContain('pictures of 2 rows cannot be fetched now\n  line 2: image-unreachable')
      expect(refused.err).toContain('--skip-unreachable')
      expect((await run('--list')).out).not.toMatch(/^web /m)
      isUp = true
      asked.length = 0
      const imported: unknown = JSON.parse((await web('--json')).out)
      expect(imported).toMatchObject({ rows: 4, failed: 0, importedBefore: false, rowsBefore: 2 })
      expect(asked.toSorted()).toEqual(['/1.png', '/2.png'])
      const stored = await collect(streamRows(database.db, Object(imported).datasetId))
      expect(stored.map(({ question }) => question)).toEqual(['Q0', 'Q1', 'Q2', 'Q3'])

      isUp = false
      const others = await folderOf({ 'rows.jsonl': jsonl(lines.map((line) => ({ ...line, question: 'Other' }))) })
      const skipped = await run(
        others,
        '--as',
        'half',
        '--allow-local-urls',
        '--skip-unreachable',
        '--max-failed',
        '2',
        '--json',
      )
      expect(JSON.parse(skipped.out)).toMatchObject({ rows: 2, failed: 2 })
    } finally {
      server.close()
    }
  })

  it('takes only the first rows on demand, as other data under another name', async () => {
    const folder = await folderOf()
    await parquet(join(folder, 'r.parquet'), `select 'q' || i as question, i::varchar as answer from range(5000) t(i)`)
    const file = join(folder, 'map.yaml')
    await writeFile(file, 'question: question\nanswer: answer\nimages: none\n')
    const ran = await run(join(folder, 'r.parquet'), '--as', 'text', '--mapping', file, '--max-rows', '2100', '--json')
    expect(JSON.parse(ran.out)).toMatchObject({ rows: 2100, failed: 0, pictures: 0 })
  })

  it('keeps the traces and descriptions that a source brings', async () => {
    const row = { id: 1, images: ['a.png'], question: 'Q', answer: '3', description: 'red', trace: '<think>x</think>3' }
    const folder = await folderOf({ 'a.png': await picture(), 'rows.jsonl': jsonl([row]) })
    const ran = await run(folder, '--as', 'cold', '--json')
    const { datasetId } = Object(JSON.parse(ran.out))
    expect(await collect(streamRows(database.db, datasetId))).toMatchObject([{ trace: row.trace, description: 'red' }])
  })

  it('takes rows without pictures: steps of text work on them, and steps that look at pictures drop them without a request', async () => {
    const line = { id: 'a', question: 'How many sides?', answer: 3, description: 'A triangle.', trace: trace('', '3') }
    const folder = await folderOf({ 'rows.jsonl': jsonl([line]) })
    const imported = await run(folder, '--as', 'texts')
    expect(imported.out).toContain('note: rows without pictures are for steps of text')
    const [row] = await collect(streamRows(database.db, (await datasetOfImport(database.db, 'texts')) ?? ''))
    if (!row) throw new Error('the import has no row')
    expect(row).toMatchObject({ images: [], description: 'A triangle.', question: 'How many sides?' })

    const outcomes = async (options: { step: string } & Record<string, unknown>, ask: FakeAsk) => {
      const step = dataSteps[options.step]
      if (step?.per !== 'row') throw new Error(`${options.step} is no step of rows`)
      const made = await step.run(row, context(step.options.parse(options), ask.ask))
      return made.map(({ status, reason }) => reason ?? status)
    }
    const answering = new FakeAsk(() => ({ text: trace('It has three.', '3') }))
    expect(await outcomes({ step: 'verify' }, answering)).toEqual(['kept'])
    expect(await outcomes({ step: 'reason', endpoint: 'e', samples: 1 }, answering)).toEqual(['kept'])
    expect(await outcomes({ step: 'sample', endpoint: 'e', samples: 1 }, answering)).toEqual(['kept'])
    expect(answering.requests.map(({ messages }) => messages[0]?.images ?? [])).toEqual([[], []])

    const silent = new FakeAsk(() => ({}))
    for (const options of [
      { step: 'describe', endpoint: 'e' },
      { step: 'bridge', endpoint: 'e' },
      { step: 'dialogue', asker: 'e', viewer: 'e' },
      { step: 'agree', reasoner: 'e', viewer: 'e', arbiter: 'e' },
    ])
      expect({ options, ended: await outcomes(options, silent) }).toEqual({ options, ended: ['no-image'] })
    expect(silent.requests).toHaveLength(0)
    const places = { promptSuffix: '', imagePath: (hash: string) => hash }
    expect(sftRow(row, places)).toEqual({ refused: 'no-image' })
  })

  it('removes what it unpacked, also after a refusal', async () => {
    const folder = await folderOf({ 'a.zip': zip([{ name: 'a.txt', content: 'x' }]) })
    const refused = await run(join(folder, 'a.zip'), '--as', 'zipped')
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('a.zip has neither rows') })
    expect(await readdir(join(home, 'imports'))).toEqual([])
  })

  it('cleans up on Ctrl-C, and goes on in the next run', async () => {
    const pictures = await Promise.all(Array.from({ length: 120 }, (_, index) => picture(index)))
    const names = pictures.map((content, index) => ({ name: `p/${index}.png`, content }))
    const folder = await folderOf({ 'many.zip': zip(names) })
    const before = process.listenerCount('SIGINT')
    const running = run(join(folder, 'many.zip'), '--as', 'many')
    await expect.poll(() => unpackedFiles()).toBeGreaterThan(20)
    process.emit('SIGINT')
    expect((await running).code).toBe(130)
    expect(await readdir(join(home, 'imports'))).toEqual([])
    expect(process.listenerCount('SIGINT')).toBe(before)
    expect((await run('--list')).out).not.toContain('many')
    const again = await run(join(folder, 'many.zip'), '--as', 'many', '--json')
    expect(JSON.parse(again.out)).toMatchObject({ rows: 120, pictures: 120, failed: 0 })
  })

  it('lists imports', async () => {
    const { out } = await run('--list')
    expect(out.split('\n')[0]).toMatch(/^NAME +ROWS +FAILED +PICTURES +DATE +FROM$/)
    expect(out).toMatch(/^ten +10 +0 +3 /m)
    const listed: unknown = JSON.parse((await run('--list', '--json')).out)
    expect(listed).toMatchObject({
      imports: expect.arrayContaining([expect.objectContaining({ name: 'some', failed: 1 })]),
    })
  })

  it('says that no database runs before it unpacks a file', async () => {
    const folder = await folderOf({ 'a.zip': zip([{ name: 'a.png', content: await picture() }]) })
    const env = { HONE_HOME: join(folder, 'home') }
    const refused = await hone(['import', join(folder, 'a.zip'), '--as', 'x'], { env })
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('No Hone runs in this home') })
    expect(await readdir(folder)).toEqual(['a.zip'])
    // A dry run needs no database.
    const dry = await hone(['import', join(folder, 'a.zip'), '--dry-run'], { env })
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('# pictures, 1 file, 1 rows') })
  })

  it('refuses what makes no sense', async () => {
    expect((await run()).err).toContain('Name a source')
    expect((await run('x.jsonl')).err).toContain('--as NAME')
    expect((await run('x.jsonl', '--as', 'Not a name')).code).toBe(2)
    expect((await run('x.jsonl', '--as', 'x', '--format', 'xlsx')).code).toBe(2)
    expect((await run('--list', 'x')).err).toContain('takes no source')
  })
})

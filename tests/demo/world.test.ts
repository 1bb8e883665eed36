import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { baseCorpusRow } from '../../demo/base-corpus.ts'
import { drawPicture } from '../../demo/picture.ts'
import { createRandom, seedOf } from '../../demo/random.ts'
import { drawDistinctScenes, sceneKey } from '../../demo/scene.ts'
import { readScene } from '../../demo/teacher/see.ts'
import { allotScenes, baseCorpusHash, furtherHash, demoWorld, worldHash, writeWorld } from '../../demo/world.ts'
import type { WorldSettings } from '../../demo/world.ts'
import { vocabularyLines } from '../../demo/vocabulary.ts'

/** The real world with fewer pictures, so that files are written in a second. */
const smallWorld: WorldSettings = {
  ...demoWorld,
  splits: {
    train: { pictures: 40, questionsEach: 2 },
    dev: { pictures: 10, questionsEach: 1 },
    report: { pictures: 30, questionsEach: 1 },
  },
  baseCorpus: { pictures: 40, findShare: 0.2, formatShare: 0.2, vocabularyLines: 20 },
}

const rowSchema = z.strictObject({
  id: z.string(),
  images: z.array(z.string()).length(1),
  question: z.string(),
  answer: z.string(),
  kind: z.enum(['number', 'yesno', 'choice']),
  choices: z.array(z.string()).optional(),
})

const furtherSchema = rowSchema.extend({
  kind: z.enum(['number', 'yesno', 'choice', 'text']),
  metadata: z.strictObject({ source: z.string() }),
})

const baseRowSchema = z.strictObject({
  id: z.string(),
  images: z.array(z.string()).length(1),
  messages: z.tuple([
    z.strictObject({ role: z.literal('user'), content: z.string().startsWith('<image>') }),
    z.strictObject({ role: z.literal('assistant'), content: z.string() }),
  ]),
})

let root = ''
let dir = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-demo-'))
  dir = join(root, 'world')
  await writeWorld(dir, undefined, smallWorld)
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function rowsOf<T>(file: string, schema: z.ZodType<T>, from = dir): Promise<T[]> {
  const lines = (await readFile(join(from, file), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => schema.parse(JSON.parse(line)))
}

async function contentHash(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort()) hash.update(file.slice(folder.length)).update(await readFile(file))
  return hash.digest('hex')
}

describe('the splits', () => {
  const scenes = allotScenes()
  const parts = Object.entries(scenes)

  test('share no scene with each other or with the base corpus, and repeat none', () => {
    const keys = parts.flatMap(([, part]) => part.map(sceneKey))
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('have the promised sizes', () => {
    expect(scenes.report.length * demoWorld.splits.report.questionsEach).toBeGreaterThanOrEqual(1200)
    expect(scenes.train).toHaveLength(demoWorld.splits.train.pictures)
    expect(scenes.base).toHaveLength(demoWorld.baseCorpus.pictures)
  })

  test('leave report and base corpus unchanged when train grows', () => {
    const larger = allotScenes({
      ...demoWorld,
      splits: { ...demoWorld.splits, train: { pictures: demoWorld.splits.train.pictures + 50, questionsEach: 2 } },
    })
    expect(larger.report).toEqual(scenes.report)
    expect(larger.base).toEqual(scenes.base)
    expect(larger.train.slice(0, scenes.train.length)).toEqual(scenes.train)
  })

  test('refuse more pictures than the grid has scenes', () => {
    const one = { rows: 1, columns: 1, emptyShare: 0.2, repeatShare: 0 }
    expect(() => drawDistinctScenes(one, 14, new Set(), createRandom(1))).toThrow(/Only 13 of 14 new scenes/)
  })
})

describe('pictures', () => {
  const scene = allotScenes().report[0]
  if (scene === undefined) throw new Error('The report split is empty.')

  test('are the same bytes for the same seed and other bytes for another seed', async () => {
    const draw = (seed: number): Promise<Buffer> => drawPicture(scene, demoWorld.picture, createRandom(seed))
    const [first, again, other] = await Promise.all([draw(1), draw(1), draw(2)])
    expect(first.equals(again)).toBe(true)
    expect(first.equals(other)).toBe(false)
  })

  test('of empty cells are read as empty', async () => {
    const empty = { rows: 2, columns: 2, cells: [null, null, null, null] }
    const picture = await drawPicture(empty, demoWorld.picture, createRandom(3))
    expect(await readScene(picture, empty)).toEqual(empty)
  })
})

describe('writing the world', () => {
  test('writes rows whose pictures exist beside the file', async () => {
    for (const split of ['train', 'dev', 'report'] as const) {
      const rows = await rowsOf(`${split}.jsonl`, rowSchema)
      const { pictures, questionsEach } = smallWorld.splits[split]
      expect(rows).toHaveLength(pictures * questionsEach)
      expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length)
      for (const image of rows.flatMap((row) => row.images))
        expect((await stat(join(dir, image))).size).toBeGreaterThan(0)
    }
  })

  test('asks each question about a picture once, with the right answer', async () => {
    const rows = await rowsOf('train.jsonl', rowSchema)
    expect(new Set(rows.map((row) => `${row.images[0]} ${row.question}`)).size).toBe(rows.length)
    for (const row of rows) {
      const [, word = ''] = /^How many (\w+?)s?(?: shapes)? are there\?$/.exec(row.question) ?? []
      const seen = await readScene(await readFile(join(dir, row.images[0] ?? '')), smallWorld.scene)
      const count = seen.cells.filter((cell) => cell?.color === word || cell?.shape === word).length
      expect(row.answer, `${row.id} ${row.question}`).toBe(String(count))
    }
  })

  test('fills the base corpus with true descriptions and a few rows that only teach the form', async () => {
    const rows = await rowsOf('base-corpus.jsonl', baseRowSchema)
    const contents = rows.map((row) => row.messages.map((message) => message.content))
    const form = contents.filter(([user]) => user?.includes('Write the answer') || user === '<image>How many?')
    const find = contents.filter(([user]) => user?.includes('Where are'))
    expect(form.length).toBeGreaterThan(0)
    expect(find.length).toBeGreaterThan(0)
    expect(form.length).toBeLessThan(rows.length / 2)
    expect(contents.filter(([user]) => user === '<image>Describe the picture.')).toHaveLength(
      rows.length - form.length - find.length,
    )
    expect(contents.flat().filter((text) => /how many \w|is there/i.test(text))).toEqual([])
    for (const row of rows) expect((await stat(join(dir, row.images[0] ?? ''))).isFile()).toBe(true)
  })

  test('leaves a world with the same hash untouched', async () => {
    const before = await stat(join(dir, 'report.jsonl'))
    const second = await writeWorld(dir, () => expect.unreachable('nothing is drawn'), smallWorld)
    expect(second).toMatchObject({
      written: false,
      hash: worldHash(smallWorld),
      rows: { train: 80, dev: 10, report: 30 },
    })
    expect((await stat(join(dir, 'report.jsonl'))).mtimeMs).toBe(before.mtimeMs)
  })

  test('asks further questions about the same pictures, and writes a list of pictures without questions', async () => {
    const expected = { 'mixed-train': 80, 'mixed-dev': 10, 'mixed-report': 30, 'free-dev': 10, 'free-report': 30 }
    for (const [name, count] of Object.entries(expected)) {
      const rows = await rowsOf(`${name}.jsonl`, furtherSchema)
      expect(rows).toHaveLength(count)
      expect(new Set(rows.map((row) => row.id)).size).toBe(count)
      const mix = name.startsWith('mixed') ? smallWorld.further.mixed : smallWorld.further.free
      for (const { images, metadata, id } of rows) {
        expect(Object.keys(mix)).toContain(metadata.source)
        const number = /^\w+-\w+-(\d{5})/.exec(id)?.[1]
        expect(images).toEqual([`img/${name.split('-')[1]}/${number}.png`])
      }
    }
    const pictures = await rowsOf('pictures.jsonl', z.strictObject({ id: z.string(), images: z.array(z.string()) }))
    expect(pictures).toHaveLength(40)
    expect(pictures[0]).toEqual({ id: 'picture-00001', images: ['img/train/00001.png'] })
  })

  test('adds or replaces further files in an older folder without drawing pictures', async () => {
    const copy = join(root, 'older')
    await cp(dir, copy, { recursive: true })
    const whole = await contentHash(copy)
    const { further: _, ...older } = z
      .looseObject({})
      .parse(JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')))
    await writeFile(join(copy, 'manifest.json'), JSON.stringify(older))
    await rm(join(copy, 'free-dev.jsonl'))
    const quiet = (): never => expect.unreachable('nothing is drawn')
    expect(await writeWorld(copy, quiet, smallWorld)).toMatchObject({
      written: true,
      further: { rows: { pictures: 40 } },
    })
    expect(await contentHash(copy)).toBe(whole)
    const other = { ...smallWorld, further: { ...smallWorld.further, free: { 'describe-row': 1 } } }
    expect((await writeWorld(copy, quiet, other)).written).toBe(true)
    expect((await rowsOf('free-dev.jsonl', furtherSchema, copy)).every((row) => row.kind === 'text')).toBe(true)
    expect((await writeWorld(copy, quiet, other)).written).toBe(false)
  })

  test('writes the same bytes again after a crash that left files but no manifest', async () => {
    const copy = join(root, 'crashed')
    await expect(
      writeWorld(
        copy,
        () => {
          throw new Error('killed')
        },
        smallWorld,
      ),
    ).rejects.toThrow('killed')
    expect(await readdir(copy)).not.toContain('manifest.json')
    await writeFile(join(copy, 'train.jsonl'), '{"half":')
    const progress: number[] = []
    await writeWorld(copy, ({ done }) => progress.push(done), smallWorld)
    expect(progress.at(-1)).toBe(120)
    expect(await contentHash(copy)).toBe(await contentHash(dir))
  })

  test('writes the world again when the settings changed or the manifest is broken', async () => {
    const copy = join(root, 'changed')
    const tiny = { ...smallWorld, splits: { ...smallWorld.splits, train: { pictures: 5, questionsEach: 1 } } }
    expect((await writeWorld(copy, undefined, tiny)).written).toBe(true)
    expect((await writeWorld(copy, undefined, { ...tiny, seed: 1 })).written).toBe(true)
    await writeFile(join(copy, 'manifest.json'), '{"hash":')
    expect((await writeWorld(copy, undefined, tiny)).written).toBe(true)
  })
})

describe('the hashes', () => {
  // Cached base models and all published figures depend on these hashes.
  test('of the world and of its base corpus stay what they were', () => {
    expect([worldHash(), baseCorpusHash()]).toEqual(['8223e6ae9ac7d17b', 'dff202dcf5ffb51b'])
    const { scenes, lines } = { scenes: allotScenes().base, lines: demoWorld.baseCorpus.vocabularyLines }
    const text = `${vocabularyLines(scenes, lines, demoWorld.seed).join('\n')}\n`
    expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe('ca986f369911fdc6')
  })

  test('of the further files change with their mixes and with the world, and do not change the world’s', () => {
    const other = { ...demoWorld, further: { ...demoWorld.further, form: 9 } }
    expect(worldHash(other)).toBe(worldHash())
    expect(new Set([demoWorld, other, { ...demoWorld, seed: 1 }].map((each) => furtherHash(each))).size).toBe(3)
  })

  test('change with every constant that changes the files', () => {
    const changed: WorldSettings[] = [
      { ...demoWorld, form: demoWorld.form + 1 },
      { ...demoWorld, seed: demoWorld.seed + 1 },
      { ...demoWorld, picture: { ...demoWorld.picture, noiseLevels: 0 } },
      { ...demoWorld, mix: { ...demoWorld.mix, place: 9 } },
    ]
    expect(new Set([demoWorld, ...changed].map((each) => worldHash(each))).size).toBe(5)
  })

  test('of the base corpus stay when only questions or splits change', () => {
    const asked = { ...demoWorld, mix: { ...demoWorld.mix, exists: 2 }, splits: smallWorld.splits }
    expect(baseCorpusHash(asked)).toBe(baseCorpusHash())
    expect(baseCorpusHash({ ...demoWorld, scene: { ...demoWorld.scene, emptyShare: 0.3 } })).not.toBe(baseCorpusHash())
  })
})

test('a description row names the content of each cell', () => {
  const scene = { rows: 1, columns: 2, cells: [{ color: 'red', shape: 'circle' } as const, null] }
  const row = baseCorpusRow(scene, 'a.png', 'x', { findShare: 0, formatShare: 0 }, createRandom(seedOf('any')))
  expect(row.messages[1].content).toBe('middle left red circle, middle right empty.')
})

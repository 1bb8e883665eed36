import { writeWholeFile } from '../artifacts/whole-file.ts'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { baseCorpusRow } from './base-corpus.ts'
import type { CorpusShares } from './base-corpus.ts'
import { drawPicture } from './picture.ts'
import type { PictureSettings } from './picture.ts'
import { furtherFiles, pictureName } from './further-files.ts'
import type { FurtherSettings } from './further-files.ts'
import { askQuestions } from './questions.ts'
import type { Question, QuestionMix } from './questions.ts'
import { createRandom, seedOf } from './random.ts'
import { drawDistinctScenes } from './scene.ts'
import type { Scene, SceneSettings } from './scene.ts'
import type { ReasonerSettings } from './teacher/reasoner.ts'
import { textRates } from './teacher/text/settings.ts'
import type { TextSettings } from './teacher/text/settings.ts'
import { visionRates } from './teacher/vision/settings.ts'
import type { VisionSettings } from './teacher/vision/settings.ts'
import { vocabularyLines } from './vocabulary.ts'

export type Split = 'train' | 'dev' | 'report'

export type TeacherSettings = VisionSettings & ReasonerSettings & TextSettings

export interface WorldSettings {
  /**
   * Raise it when drawing, wording or drawing order changes without any of the numbers below
   * changing.
   */
  form: number
  seed: number
  scene: SceneSettings
  picture: PictureSettings
  mix: QuestionMix
  splits: Readonly<Record<Split, { pictures: number; questionsEach: number }>>
  /** `vocabularyLines` is text for the tokenizer alone. */
  baseCorpus: CorpusShares & { pictures: number; vocabularyLines: number }
  /** Files of other questions over the same pictures; not part of the world's hash. */
  further: FurtherSettings
}

/** The demo world. Everything that tuning may want to change is here. */
export const demoWorld: WorldSettings = {
  form: 3,
  seed: 20250,
  scene: { rows: 2, columns: 2, emptyShare: 0.2, repeatShare: 0.45 },
  picture: { sizePx: 56, noiseLevels: 10, radiusShare: [0.27, 0.38], shiftShare: 0.08 },
  // Counting is what a model of 1.5 million parameters can learn in minutes; the other families
  // wait at weight 0.
  mix: { 'count-color': 5, 'count-shape': 5, 'count-all': 0, exists: 0, compare: 0, place: 0 },
  splits: {
    train: { pictures: 1600, questionsEach: 2 },
    dev: { pictures: 300, questionsEach: 1 },
    // One question a picture: items stay independent, which the tests between checkpoints assume.
    report: { pictures: 1200, questionsEach: 1 },
  },
  baseCorpus: { pictures: 4000, findShare: 0.5, formatShare: 0.1, vocabularyLines: 1500 },
  further: {
    form: 1,
    // Every family that rules can check, alike.
    mixed: {
      'count-color': 1,
      'count-shape': 1,
      'count-all': 1,
      exists: 1,
      compare: 1,
      place: 1,
      difference: 1,
      sum: 1,
    },
    // Four of ten questions want free text: enough of both to see a judge and the rules at work.
    free: { 'count-color': 1, 'count-shape': 1, exists: 1, place: 1, difference: 1, sum: 1, 'describe-row': 4 },
  },
}

/**
 * How the rule-based teacher words and errs. Not part of the world's hash: only the tokenizer's
 * text follows it.
 */
export const demoTeacher: TeacherSettings = {
  seed: 4,
  grid: { rows: demoWorld.scene.rows, columns: demoWorld.scene.columns },
  captionErrorRate: 0.04,
  ...visionRates,
  ...textRates,
  slipRate: 0.12,
  wordyShare: 0.3,
  reflectionShare: 0.25,
  longShare: 0.2,
}

/** A row of train.jsonl, dev.jsonl or report.jsonl; `images` are relative to the file. */
type WorldRow = { id: string; images: string[] } & Question

export interface WorldProgress {
  done: number
  total: number
}

export type WorldManifest = z.infer<typeof manifestSchema>

const manifestSchema = z.object({
  hash: z.string(),
  baseHash: z.string(),
  rows: z.object({ train: z.number(), dev: z.number(), report: z.number(), baseCorpus: z.number() }),
  /** Absent in a folder that was written before there were such files. */
  further: z.object({ hash: z.string(), rows: z.record(z.string(), z.number()) }).optional(),
})

/**
 * Names the pictures, the three splits and the base corpus: the same hash, the same files. 16
 * hexadecimal digits.
 */
export function worldHash(settings: WorldSettings = demoWorld): string {
  const { form, seed, scene, picture, mix, splits, baseCorpus } = settings
  return hashOf({ form, seed, scene, picture, mix, splits, baseCorpus })
}

/**
 * Names the further files. It is kept apart from the world's hash, so that a new question does not
 * draw all pictures anew.
 */
export function furtherHash(settings: WorldSettings = demoWorld): string {
  return hashOf({ world: worldHash(settings), further: settings.further })
}

/**
 * Names only the settings that the base corpus depends on, so that tuning questions or split sizes
 * keeps a cached base model.
 */
export function baseCorpusHash(settings: WorldSettings = demoWorld): string {
  const { form, seed, scene, picture, baseCorpus } = settings
  return hashOf({ form, seed, scene, picture, baseCorpus })
}

/** Which scenes each part shows. No scene is in two parts. */
export function allotScenes(settings: WorldSettings = demoWorld): Record<Split | 'base', Scene[]> {
  const taken = new Set<string>()
  const draw = (part: string, pictures: number): Scene[] =>
    drawDistinctScenes(settings.scene, pictures, taken, createRandom(seedOf(settings.seed, 'scenes', part)))
  // The order matters: a part that is drawn later never changes an earlier one, so train may grow
  // and report stays.
  const base = draw('base', settings.baseCorpus.pictures)
  const report = draw('report', settings.splits.report.pictures)
  const dev = draw('dev', settings.splits.dev.pictures)
  const train = draw('train', settings.splits.train.pictures)
  return { train, dev, report, base }
}

/**
 * Writes the world under `dir`: `{train,dev,report}.jsonl`, `base-corpus.jsonl`, `vocabulary.txt`,
 * the pictures in `img/<part>/`, the further files over the same pictures, and last
 * `manifest.json`. A folder whose manifest has both hashes is left as it is, and `written` is
 * false. With the world's hash alone only the further files are written, in the time of a few
 * thousand lines. Without a manifest, or with another hash, everything is written anew. A crash
 * leaves no manifest, or a manifest with a wrong hash of the further files. Only one writer at a
 * time may use a folder. Fails with the file system's error.
 */
export async function writeWorld(
  dir: string,
  onProgress: (progress: WorldProgress) => void = () => {},
  settings: WorldSettings = demoWorld,
): Promise<WorldManifest & { written: boolean }> {
  const found = await readManifest(dir)
  const isDrawn = found?.hash === worldHash(settings)
  if (isDrawn && found.further?.hash === furtherHash(settings)) return { ...found, written: false }

  const scenes = allotScenes(settings)
  const drawn = isDrawn ? found : await drawWorld(dir, scenes, settings, onProgress)
  const further: Required<WorldManifest>['further'] = { hash: furtherHash(settings), rows: {} }
  for (const [name, rows] of furtherFiles(scenes, settings, imagePath)) {
    await writeRows(join(dir, `${name}.jsonl`), rows)
    further.rows[name] = rows.length
  }
  const manifest: WorldManifest = { ...drawn, further }
  await writeWholeFile(join(dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return { ...manifest, written: true }
}

/** Draws every picture and writes the files that the world's hash names. */
async function drawWorld(
  dir: string,
  scenes: Readonly<Record<Split | 'base', Scene[]>>,
  settings: WorldSettings,
  onProgress: (progress: WorldProgress) => void,
): Promise<WorldManifest> {
  await rm(join(dir, 'manifest.json'), { force: true })
  await rm(join(dir, 'img'), { recursive: true, force: true })
  const total = scenes.train.length + scenes.dev.length + scenes.report.length + scenes.base.length
  let done = 0
  const drawAll = (part: Split | 'base'): Promise<void> =>
    drawPart(dir, part, scenes[part], settings, () => {
      done += 1
      if (done % 50 === 0 || done === total) onProgress({ done, total })
    })

  const rows = { train: 0, dev: 0, report: 0, baseCorpus: scenes.base.length }
  for (const split of ['train', 'dev', 'report'] as const) {
    await drawAll(split)
    const splitRows = scenes[split].flatMap((scene, index) => questionRows(scene, split, index, settings))
    rows[split] = splitRows.length
    await writeRows(join(dir, `${split}.jsonl`), splitRows)
  }
  await drawAll('base')
  await writeRows(join(dir, 'base-corpus.jsonl'), baseRows(scenes.base, settings))
  const lines = vocabularyLines(scenes.base, settings.baseCorpus.vocabularyLines, settings.seed)
  await writeFile(join(dir, 'vocabulary.txt'), `${lines.join('\n')}\n`)
  return { hash: worldHash(settings), baseHash: baseCorpusHash(settings), rows }
}

/** The questions on one scene of a split, with ids such as `report-00012` or `train-00007-2`. */
function questionRows(scene: Scene, split: Split, index: number, settings: WorldSettings): WorldRow[] {
  const { questionsEach } = settings.splits[split]
  const random = createRandom(seedOf(settings.seed, 'questions', split, index))
  const name = pictureName(index)
  return askQuestions(scene, settings.mix, questionsEach, random).map((question, each) => ({
    id: questionsEach === 1 ? `${split}-${name}` : `${split}-${name}-${each + 1}`,
    images: [imagePath(split, index)],
    ...question,
  }))
}

function baseRows(scenes: readonly Scene[], settings: WorldSettings): object[] {
  return scenes.map((scene, index) => {
    const random = createRandom(seedOf(settings.seed, 'base-corpus', index))
    return baseCorpusRow(scene, imagePath('base', index), `base-${pictureName(index)}`, settings.baseCorpus, random)
  })
}

async function drawPart(
  dir: string,
  part: Split | 'base',
  scenes: readonly Scene[],
  settings: WorldSettings,
  onDrawn: () => void,
): Promise<void> {
  await mkdir(join(dir, 'img', part), { recursive: true })
  const queue = scenes.entries()
  const draw = async (): Promise<void> => {
    for (const [index, scene] of queue) {
      const random = createRandom(seedOf(settings.seed, 'picture', part, index))
      await writeFile(join(dir, imagePath(part, index)), await drawPicture(scene, settings.picture, random))
      onDrawn()
    }
  }
  // Four at once keep sharp's threads busy on two cores; more only hold memory.
  await Promise.all([draw(), draw(), draw(), draw()])
}

async function readManifest(dir: string): Promise<WorldManifest | undefined> {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    // No manifest or a broken one: in both cases the world is written anew.
    return undefined
  }
}

async function writeRows(file: string, rows: readonly object[]): Promise<void> {
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

function imagePath(part: Split | 'base', index: number): string {
  return `img/${part}/${pictureName(index)}.png`
}

function hashOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

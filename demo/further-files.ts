import { askByFamily } from './questions.ts'
import type { Question, QuestionFamily, QuestionMix } from './questions.ts'
import { createRandom, seedOf } from './random.ts'
import type { Scene } from './scene.ts'

export interface FurtherSettings {
  /** Raise it when wording or drawing order changes without any of the numbers changing. */
  form: number
  /** What `mixed-train`, `mixed-dev` and `mixed-report` ask: only families that rules can check. */
  mixed: QuestionMix
  /** What `free-dev` and `free-report` ask: families that rules can check, and free text. */
  free: QuestionMix
}

/** A row of these files; `source` is the question's family, by which difficulty can be graded. */
type FurtherRow = { id: string; images: string[] } & Partial<Question & { metadata: { source: QuestionFamily } }>

type Splits = 'train' | 'dev' | 'report'

interface WorldParts {
  seed: number
  further: FurtherSettings
  splits: Readonly<Record<Splits, { pictures: number; questionsEach: number }>>
}

const furtherNames = [
  ['mixed', 'train'],
  ['mixed', 'dev'],
  ['mixed', 'report'],
  ['free', 'dev'],
  ['free', 'report'],
] as const

/**
 * The further files of a world by name, over the pictures that its splits show: questions of every
 * family that rules can check, questions that also want free text, and the train pictures alone,
 * for campaigns that write their own questions. They draw from their own random streams, so they
 * never change the three splits.
 */
export function* furtherFiles(
  scenes: Readonly<Record<Splits, readonly Scene[]>>,
  { seed, further, splits }: WorldParts,
  imagePath: (split: Splits, index: number) => string,
): Generator<[name: string, rows: FurtherRow[]]> {
  for (const [mix, split] of furtherNames) {
    const name = `${mix}-${split}`
    const { questionsEach } = splits[split]
    const rows = scenes[split].flatMap((scene, index): FurtherRow[] => {
      const random = createRandom(seedOf(seed, 'questions', name, index))
      return askByFamily(scene, further[mix], questionsEach, random).map(({ family, question }, each) => ({
        id: `${name}-${pictureName(index)}${questionsEach === 1 ? '' : `-${each + 1}`}`,
        images: [imagePath(split, index)],
        ...question,
        metadata: { source: family },
      }))
    })
    yield [name, rows]
  }
  const pictures = scenes.train.map((_, index) => ({
    id: `picture-${pictureName(index)}`,
    images: [imagePath('train', index)],
  }))
  yield ['pictures', pictures]
}

/** The number of a picture in names and paths, from 00001. */
export function pictureName(index: number): string {
  return String(index + 1).padStart(5, '0')
}

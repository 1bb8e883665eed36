import { loadPrompt, renderPrompt } from '../../../data/steps/prompts.ts'
import { choicesBlock } from '../../../data/rows/question-text.ts'
import { drawPicture } from '../../../demo/picture.ts'
import { askQuestions } from '../../../demo/questions.ts'
import type { Question, QuestionMix } from '../../../demo/questions.ts'
import { createRandom } from '../../../demo/random.ts'
import { drawScene, positionName, sceneKey } from '../../../demo/scene.ts'
import type { Scene } from '../../../demo/scene.ts'
import { readDescription } from '../../../demo/teacher/read-prompt.ts'
import { demoTeacher, demoWorld } from '../../../demo/world.ts'

/** A teacher whose roles never err. */
export const neverErring = {
  ...demoTeacher,
  captionErrorRate: 0,
  questionCaptionErrorRate: 0,
  glanceLossShare: 0,
  answererErrorRate: 0,
  arbiterErrorRate: 0,
  rewriterErrorRate: 0,
  ratingNoise: 0,
  slipRate: 0,
}

/** A teacher whose vision roles always err. */
export const alwaysErring = {
  ...neverErring,
  captionErrorRate: 1,
  questionCaptionErrorRate: 1,
  glanceLossShare: 1,
  answererErrorRate: 1,
  arbiterErrorRate: 1,
  rewriterErrorRate: 1,
}

/** The families with answers that rules check. */
export const ruleFamilies: QuestionMix = {
  'count-color': 1,
  'count-shape': 1,
  'count-all': 1,
  exists: 1,
  compare: 1,
  place: 1,
  difference: 1,
  sum: 1,
}

export interface Case {
  scene: Scene
  picture: Buffer
}

/** Random scenes as the world draws them, with their PNG bytes. */
export function drawCases(count: number, seed = 77): Promise<Case[]> {
  const random = createRandom(seed)
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const scene = drawScene(demoWorld.scene, random)
      return { scene, picture: await drawPicture(scene, demoWorld.picture, createRandom(1000 * seed + index)) }
    }),
  )
}

/** Questions on a scene of the given families. */
export function questionsOn(scene: Scene, seed: number, mix: QuestionMix = ruleFamilies, limit = 3): Question[] {
  return askQuestions(scene, mix, limit, createRandom(seed))
}

/** A prompt as the data steps render it. */
export function promptOf(
  name: Parameters<typeof loadPrompt>[0],
  { question = '', choices }: Partial<Question> = {},
  values: Readonly<Record<string, string>> = {},
): string {
  return renderPrompt(loadPrompt(name), { question, choices: choicesBlock(choices ?? null), ...values })
}

export const answerOf = (reply: string): string | undefined => /<answer>([^<]*)<\/answer>$/.exec(reply)?.[1]

/**
 * The key of the scene in a description, each cell by its place. A cell without a mention is empty.
 */
export function keyOf(description: string, { rows, columns, cells }: Scene): string {
  const said = readDescription(description)
  return sceneKey({
    rows,
    columns,
    cells: cells.map(
      (_, index) => said.find(({ place }) => place === positionName({ rows, columns }, index))?.what ?? null,
    ),
  })
}

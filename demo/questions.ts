import type { Random } from './random.ts'
import { COLORS, positionNames, SHAPES } from './scene.ts'
import type { Cell, Scene } from './scene.ts'

/** A question with its exact answer. A choice's answer is the letter of the right line. */
export type Question = {
  question: string
  answer: string
  kind: 'number' | 'yesno' | 'choice'
  choices?: string[]
}

/**
 * All questions of a family that make sense for a scene. To add a family: write it here, name it in the world's mix,
 * and teach the demo reasoner to read it.
 */
const FAMILIES = {
  'count-color': (scene: Scene): Question[] =>
    COLORS.map((color) =>
      number(
        `How many ${color} shapes are there?`,
        count(scene, (cell) => cell.color === color),
      ),
    ),

  'count-shape': (scene: Scene): Question[] =>
    SHAPES.map((shape) =>
      number(
        `How many ${shape}s are there?`,
        count(scene, (cell) => cell.shape === shape),
      ),
    ),

  'count-all': (scene: Scene): Question[] => [
    number(
      'How many shapes are there?',
      count(scene, () => true),
    ),
  ],

  exists: (scene: Scene): Question[] =>
    COLORS.flatMap((color) =>
      SHAPES.map((shape) =>
        yesno(
          `Is there a ${color} ${shape}?`,
          count(scene, (cell) => cell.color === color && cell.shape === shape) > 0,
        ),
      ),
    ),

  compare: (scene: Scene): Question[] =>
    COLORS.flatMap((first) =>
      COLORS.filter((second) => second !== first).map((second) =>
        yesno(
          `Are there more ${first} shapes than ${second} shapes?`,
          count(scene, (cell) => cell.color === first) > count(scene, (cell) => cell.color === second),
        ),
      ),
    ),

  place: (scene: Scene): Question[] =>
    positionNames(scene).flatMap((position, index): Question[] => {
      const cell = scene.cells[index]
      if (cell === null || cell === undefined) return []
      const answer = String.fromCodePoint(65 + COLORS.indexOf(cell.color))
      return [{ question: `Which color is at the ${position}?`, answer, kind: 'choice', choices: [...COLORS] }]
    }),
} as const satisfies Record<string, (scene: Scene) => Question[]>

export type QuestionFamily = keyof typeof FAMILIES
/** Weights of the families; a family with weight 0 is not asked. */
export type QuestionMix = Readonly<Record<QuestionFamily, number>>

/**
 * Up to `limit` different questions on one scene. The family is drawn by weight, then one of the answers that the scene
 * allows, then a question with that answer: answers come out far more even than by drawing questions, so that a model
 * gains little by always naming the most common one.
 */
export function askQuestions(scene: Scene, mix: QuestionMix, limit: number, random: Random): Question[] {
  const asked = new Map<string, Question>()
  // A small scene may not have that many different questions; the bound keeps this from running forever.
  for (let tries = 0; asked.size < limit && tries < limit * 20; tries += 1) {
    const all = FAMILIES[random.weighted(mix)](scene)
    if (all.length === 0) continue
    const answer = random.pick([...new Set(all.map((each) => each.answer))])
    const question = random.pick(all.filter((each) => each.answer === answer))
    asked.set(question.question, question)
  }
  return [...asked.values()]
}

function count(scene: Scene, wanted: (cell: NonNullable<Cell>) => boolean): number {
  return scene.cells.filter((cell) => cell !== null && wanted(cell)).length
}

function number(question: string, value: number): Question {
  return { question, answer: String(value), kind: 'number' }
}

function yesno(question: string, value: boolean): Question {
  return { question, answer: value ? 'yes' : 'no', kind: 'yesno' }
}

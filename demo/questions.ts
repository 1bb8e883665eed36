import type { Random } from './random.ts'
import { colorNames, positionName, positionNames, shapeNames } from './scene.ts'
import type { Cell, Scene } from './scene.ts'

/**
 * A question with its exact answer. A choice's answer is the letter of the right line; a text says
 * what is there.
 */
export interface Question {
  question: string
  answer: string
  kind: 'number' | 'yesno' | 'choice' | 'text'
  choices?: string[]
}

/**
 * All questions of a family that make sense for a scene. To add a family: write it here, name it in
 * the world's mix, and teach the demo reasoner to read it.
 */
const askOf = {
  'count-color': (scene: Scene): Question[] =>
    colorNames.map((color) =>
      number(
        `How many ${color} shapes are there?`,
        count(scene, (cell) => cell.color === color),
      ),
    ),

  'count-shape': (scene: Scene): Question[] =>
    shapeNames.map((shape) =>
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
    colorNames.flatMap((color) =>
      shapeNames.map((shape) =>
        yesno(
          `Is there a ${color} ${shape}?`,
          count(scene, (cell) => cell.color === color && cell.shape === shape) > 0,
        ),
      ),
    ),

  compare: (scene: Scene): Question[] =>
    colorNames.flatMap((first) =>
      colorNames
        .filter((second) => second !== first)
        .map((second) =>
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
      const answer = String.fromCodePoint(65 + colorNames.indexOf(cell.color))
      return [{ question: `Which color is at the ${position}?`, answer, kind: 'choice', choices: [...colorNames] }]
    }),

  // Two steps: count, count again, subtract. Never asked where the answer would be below zero.
  difference: (scene: Scene): Question[] =>
    pairs(scene).flatMap(({ first, second, more, less }): Question[] =>
      more < less ? [] : [number(`How many more ${first} than ${second} are there?`, more - less)],
    ),

  // Two steps: count, go on counting. No shape is counted twice, since it has one colour and one
  // form.
  sum: (scene: Scene): Question[] =>
    pairs(scene).map(({ first, second, more, less }) =>
      number(`How many shapes are ${bare(first)} or ${bare(second)}?`, more + less),
    ),

  // Free text: no rule can check every wording of the answer.
  'describe-row': (scene: Scene): Question[] =>
    lines(scene).map(({ name, cells }) => ({
      question: `What is in the ${name}?`,
      answer: thingWords(cells),
      kind: 'text',
    })),
} as const satisfies Record<string, (scene: Scene) => Question[]>

export type QuestionFamily = keyof typeof askOf
/**
 * A mix is merged into this table: the order of the families here decides what a draw means, and
 * not the order of the mix.
 */
const notAsked: Readonly<Record<QuestionFamily, number>> = {
  'count-color': 0,
  'count-shape': 0,
  'count-all': 0,
  exists: 0,
  compare: 0,
  place: 0,
  difference: 0,
  sum: 0,
  'describe-row': 0,
}
/** Weights of the families; a family with weight 0, or not named, is not asked. */
export type QuestionMix = Readonly<Partial<Record<QuestionFamily, number>>>

/**
 * Up to `limit` different questions on one scene. The family is drawn by weight, then one of the
 * answers that the scene allows, then a question with that answer: answers are spread far more
 * evenly than if questions were drawn, so a model gains little by always naming the most common
 * answer.
 */
export function askQuestions(scene: Scene, mix: QuestionMix, limit: number, random: Random): Question[] {
  return askByFamily(scene, mix, limit, random).map(({ question }) => question)
}

/** The same questions, each with the family that it was drawn from. */
export function askByFamily(
  scene: Scene,
  mix: QuestionMix,
  limit: number,
  random: Random,
): { family: QuestionFamily; question: Question }[] {
  const asked = new Map<string, { family: QuestionFamily; question: Question }>()
  // A small scene may not have that many different questions; the bound keeps this from running
  // forever.
  for (let tries = 0; asked.size < limit && tries < limit * 20; tries += 1) {
    const family = random.weighted({ ...notAsked, ...mix })
    const all = askOf[family](scene)
    if (all.length === 0) continue
    const answer = random.pick([...new Set(all.map((each) => each.answer))])
    const question = random.pick(all.filter((each) => each.answer === answer))
    asked.set(question.question, { family, question })
  }
  return [...asked.values()]
}

/** Every question of one family that makes sense for a scene. */
export function allQuestions(scene: Scene, family: QuestionFamily): Question[] {
  return askOf[family](scene)
}

/** `a red circle and a blue square`, or `nothing`: how answers in free text name what they see. */
export function thingWords(cells: readonly Cell[]): string {
  const things = cells.flatMap((cell) => (cell === null ? [] : [`a ${cell.color} ${cell.shape}`]))
  const last = things.pop()
  if (last === undefined) return 'nothing'
  return things.length === 0 ? last : `${things.join(', ')} and ${last}`
}

/**
 * Every row and column of a grid by name, with what is in it: `top row`, `left column`. Empty for
 * grids whose places have no such names.
 */
function lines(scene: Scene): { name: string; cells: Cell[] }[] {
  const found = new Map<string, Cell[]>()
  for (const [index, cell] of scene.cells.entries()) {
    const [row, column, ...more] = positionName(scene, index).split(' ')
    if (row === undefined || column === undefined || more.length > 0) return []
    for (const name of [`${row} row`, `${column} column`]) found.set(name, [...(found.get(name) ?? []), cell])
  }
  return [...found].map(([name, cells]) => ({ name, cells }))
}

/** Two colours, or two forms, in either order, with how many there are of each. */
function pairs(scene: Scene): { first: string; second: string; more: number; less: number }[] {
  const colors = colorNames.map((color) => ({
    name: `${color} shapes`,
    total: count(scene, (cell) => cell.color === color),
  }))
  const shapes = shapeNames.map((shape) => ({ name: `${shape}s`, total: count(scene, (cell) => cell.shape === shape) }))
  return [colors, shapes].flatMap((group) =>
    group.flatMap((one) =>
      group
        .filter((other) => other !== one)
        .map((other) => ({ first: one.name, second: other.name, more: one.total, less: other.total })),
    ),
  )
}

/** `red` for `red shapes`; `circles` stay. */
const bare = (name: string): string => name.replace(/ shapes$/, '')

function count(scene: Scene, wanted: (cell: NonNullable<Cell>) => boolean): number {
  return scene.cells.filter((cell) => cell !== null && wanted(cell)).length
}

function number(question: string, value: number): Question {
  return { question, answer: String(value), kind: 'number' }
}

function yesno(question: string, value: boolean): Question {
  return { question, answer: value ? 'yes' : 'no', kind: 'yesno' }
}

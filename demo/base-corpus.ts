import type { Random } from './random.ts'
import { colorNames, positionName, shapeNames } from './scene.ts'
import type { Cell, Scene } from './scene.ts'

/** A row that the SFT trainer reads; `images` are relative to the file that holds the row. */
export interface BaseCorpusRow {
  id: string
  images: string[]
  messages: [{ role: 'user'; content: string }, { role: 'assistant'; content: string }]
}

/** The only instruction that the base model is taught to follow well. */
const describeInstruction = 'Describe the picture.'

/** Answers that format rows show: every kind of answer that a question of this world can have. */
const shownAnswers = ['0', '1', '2', '3', '4', 'yes', 'no', 'A', 'B', 'C', 'D'] as const

/** The numbers that a guess may name. */
const guessedNumbers = ['0', '1', '2', '3', '4'] as const

/** What a cell holds, in two words at most. */
export function cellWords(cell: Cell): string {
  return cell === null ? 'empty' : `${cell.color} ${cell.shape}`
}

/** Every cell in reading order: `top left red circle, top right empty, …` */
export function listCells(scene: Scene): string {
  return scene.cells.map((cell, index) => `${positionName(scene, index)} ${cellWords(cell)}`).join(', ')
}

/** Shares of the corpus's rows, 0 to 1. All other rows describe the picture. */
export interface CorpusShares {
  /** Rows that describe the picture, then name the places of one colour or shape. */
  findShare: number
  /** Rows that show only the form of an answer. */
  formatShare: number
}

/**
 * One row of the corpus that makes the base model. Most rows describe a picture truly, or say where
 * one colour or shape is. A few show only the form of an answer: the user names the answer, or asks
 * only `How many?` and gets a number that has nothing to do with the picture. No row holds a
 * question that can be answered, so the base model sees, knows the form and guesses.
 */
export function baseCorpusRow(
  scene: Scene,
  image: string,
  id: string,
  shares: CorpusShares,
  random: Random,
): BaseCorpusRow {
  const drawn = random.weighted({
    find: shares.findShare,
    form: shares.formatShare,
    describe: 1 - shares.findShare - shares.formatShare,
  })
  if (drawn === 'describe') return row(id, image, describeInstruction, `${listCells(scene)}.`)
  if (drawn === 'find') {
    const wanted = random.pick([...colorNames, ...shapeNames])
    // In the words of questions: a model this small does not know that squares are more than one
    // square.
    const plural = shapeNames.some((shape) => shape === wanted) ? `${wanted}s` : `${wanted} shapes`
    const places = scene.cells.flatMap((cell, index) =>
      cell?.color === wanted || cell?.shape === wanted ? [positionName(scene, index)] : [],
    )
    return row(id, image, `Where are the ${plural}?`, `${listCells(scene)}. ${wanted}: ${tally(places)}.`)
  }
  const guesses = random.chance(0.5)
  const answer = random.pick(guesses ? guessedNumbers : shownAnswers)
  const reply = `<think>\nthe answer is ${answer}.\n</think>\n\nit is ${answer}. <answer>${answer}</answer>`
  return row(id, image, guesses ? 'How many?' : `Write the answer ${answer}.`, reply)
}

/**
 * `1 top left, 2 bottom right`: counting aloud leaves no sum to do at the end, which a tiny model
 * could not learn. `before` is the number of places that were counted already.
 */
export function tally(places: readonly string[], before = 0): string {
  return places.length === 0 ? 'none' : places.map((place, index) => `${before + index + 1} ${place}`).join(', ')
}

function row(id: string, image: string, instruction: string, reply: string): BaseCorpusRow {
  return {
    id,
    images: [image],
    messages: [
      { role: 'user', content: `<image>${instruction}` },
      { role: 'assistant', content: reply },
    ],
  }
}

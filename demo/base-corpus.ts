import type { Random } from './random.ts'
import { positionName } from './scene.ts'
import type { Cell, Scene } from './scene.ts'

/** A row that the SFT trainer reads; `images` are relative to the file that holds the row. */
export type BaseCorpusRow = {
  id: string
  images: string[]
  messages: [{ role: 'user'; content: string }, { role: 'assistant'; content: string }]
}

/** The only instruction that the base model is taught to follow well. */
const DESCRIBE_INSTRUCTION = 'Describe the picture.'

/** Answers that format rows show: every kind of answer that a question of this world can have. */
const SHOWN_ANSWERS = ['0', '1', '2', '3', '4', 'yes', 'no', 'A', 'B', 'C', 'D'] as const

/** What a cell holds, in two words at most. */
export function cellWords(cell: Cell): string {
  return cell === null ? 'empty' : `${cell.color} ${cell.shape}`
}

/** Every cell in reading order: `top left red circle, top right empty, …` */
export function listCells(scene: Scene): string {
  return scene.cells.map((cell, index) => `${positionName(scene, index)} ${cellWords(cell)}`).join(', ')
}

/**
 * One row of the corpus that makes the base model. Most rows describe a picture truly. A few show only the form of an
 * answer: the user names the answer, the model repeats it in tags. No row holds a question about a picture, so the base
 * model sees and knows the form, and has never counted.
 */
export function baseCorpusRow(
  scene: Scene,
  image: string,
  id: string,
  formatShare: number,
  random: Random,
): BaseCorpusRow {
  if (!random.chance(formatShare)) return row(id, image, DESCRIBE_INSTRUCTION, `${listCells(scene)}.`)
  const answer = random.pick(SHOWN_ANSWERS)
  const reply = `<think>\nthe answer is ${answer}.\n</think>\n\nit is ${answer}. <answer>${answer}</answer>`
  return row(id, image, `Write the answer ${answer}.`, reply)
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

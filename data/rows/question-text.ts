import type { Row } from '../../domain/rows.ts'
import { imageMark } from './image-marks.ts'

/** One `A. …` line for each choice; empty without choices. */
export function choiceLines(choices: readonly string[] | null): string {
  return (choices ?? []).map((choice, index) => `${String.fromCharCode(65 + index)}. ${choice}`).join('\n')
}

/** The choices for a prompt, with a line end; empty without choices. */
export function choicesBlock(choices: readonly string[] | null): string {
  const lines = choiceLines(choices)
  return lines ? `Choices:\n${lines}\n` : ''
}

const markWithBreak = new RegExp(String.raw`${imageMark}[ \t]*\n?`, 'g')

/**
 * A question without `<image>` marks: many data sets carry marks, and every writer here sets its
 * own.
 */
export const bareQuestion = (question: string): string => question.replaceAll(markWithBreak, '').trim()

/**
 * What the trained model is asked, in SFT, RL, sampling and evaluation alike: question, choices by
 * letter, the recipe's suffix. Pictures are not part of the text: each trainer's format sets its
 * own `<image>` marks.
 */
export function questionText(row: Pick<Row, 'question' | 'choices'>, promptSuffix: string): string {
  const choices = choiceLines(row.choices)
  return `${bareQuestion(row.question)}${choices ? `\n${choices}` : ''}${promptSuffix}`
}

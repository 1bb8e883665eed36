import type { Row } from '../../domain/rows.ts'

/** `A. …` lines, one a choice; empty without choices. */
function choiceLines(choices: readonly string[] | null): string {
  return (choices ?? []).map((choice, index) => `${String.fromCharCode(65 + index)}. ${choice}`).join('\n')
}

/** The choices as prompts name them, with a line end; empty without choices. */
export function choicesBlock(choices: readonly string[] | null): string {
  const lines = choiceLines(choices)
  return lines ? `Choices:\n${lines}\n` : ''
}

/** A question without `<image>` marks: many data sets carry them, and every writer here sets its own. */
export const bareQuestion = (question: string): string => question.replaceAll(/<image>[ \t]*\n?/g, '').trim()

/**
 * What the trained model is asked, in SFT, RL, sampling and evaluation alike: question, choices by letter, the recipe's
 * suffix. Pictures are not part of the text; `<image>` marks are set where a trainer's format needs them.
 */
export function questionText(row: Pick<Row, 'question' | 'choices'>, promptSuffix: string): string {
  const choices = choiceLines(row.choices)
  return `${bareQuestion(row.question)}${choices ? `\n${choices}` : ''}${promptSuffix}`
}

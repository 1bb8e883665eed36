import type { Row } from '../../domain/rows.ts'
import { bareQuestion } from '../rows/question-text.ts'

/**
 * The text of a question for comparisons, with its choices: the same words with other choices ask
 * something else.
 */
export const questionWithChoices = ({ question, choices }: Pick<Row, 'question' | 'choices'>): string =>
  [bareQuestion(question), ...(choices ?? [])].join('\n')

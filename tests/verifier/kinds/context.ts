import { Effort } from '../../../verifier/effort.ts'
import type { AnswerPolicy, Ruling, Rule } from '../../../verifier/verdict.ts'

/** Calls a rule with a fresh effort. */
export function checkWith(rule: Rule, gold: string, answer: string, policy: AnswerPolicy = {}): Ruling {
  return rule(gold, answer, { precision: undefined, choices: [], policy, effort: new Effort() })
}

/** Texts that try a reader's bounds: long runs of the marks it looks for. */
export const hostileTexts: readonly string[] = [
  '(', '[', '{', '[1,', '{"bbox_2d":', '<box>', '<point x=1 y=1 ', '(1,2)', 'x1=1,y1=1,', '1 ', '1,', '1:', '12:30 ', '1/1/', '2024-', 'March ',
  'March 5, 2024 ', 'a', ' ', '\n', '"', '$', '\\text{', '一', '点', '年', 'B or ', 'A, ', 'yes ', 'no, ', 'twenty ', 'half past ', '⌖', '\u0000',
  '😀', '¤', '😀1', 'quarter to ', 'two hundred and ', 'of the ', '- ', '.', 'it is ', '或',
].map((part) => part.repeat(Math.ceil(4_000 / part.length)).slice(0, 4_000)) // prettier-ignore

import { verifyInPool } from '../../verifier/serve/process-pool.ts'
import { answerCase } from '../rows/answer-case.ts'
import type { CheckedRow } from '../rows/answer-case.ts'
import { falseEquation } from './false-equation.ts'

/** The input of the rules. */
interface Chain {
  reasoning: string
  /** The text after the reasoning, answer included. */
  rest: string
  /** The final answer as the verifier extracted it. */
  answer: string
  row: Omit<CheckedRow, 'id'>
  /** How often the same sentence may occur. */
  maxSentenceRepeats: number
}

interface LogicRule {
  /** Reason code of the rows that the rule drops. */
  name: string
  holds: (chain: Chain) => boolean | Promise<boolean>
}

/**
 * Rules that drop a logically inconsistent trace. Vision-R1 drops such traces by rules that it does
 * not publish; these rules are Hone's. Each rule would rather miss a bad trace than drop a good
 * trace: a sentence with "if", a question, or a sentence with doubt after it claims nothing. The
 * first rule that holds gives the reason. docs/data-steps.md says what each rule finds.
 */
export const logicRules: readonly LogicRule[] = [
  { name: 'contradiction', holds: concludesOtherwise },
  { name: 'false-arithmetic', holds: ({ reasoning }) => falseEquation(reasoning) },
  { name: 'gives-up', holds: givesUp },
  { name: 'leak', holds: ({ reasoning, rest }) => leak.test(reasoning) || leak.test(rest) },
  { name: 'repetition', holds: repeats },
]

/** The name of the first rule that holds, or null. */
export async function brokenRule(chain: Chain): Promise<string | null> {
  for (const { name, holds } of logicRules) if (await holds(chain)) return name
  return null
}

/** Words that doubt the text before them. */
const doubt =
  /\b(?:wait|but|however|hmm+|actually|though|no|not|wrong|mistake|mistaken|incorrect|error|instead|alternatively|recheck|reconsider|unless|oops|correction)\b|\?/i
/** Words of a sentence that states no fact. */
const supposed =
  /\b(?:if|would|could|might|may|suppose|suppos(?:ed|ing)|assum\w*|perhaps|maybe|probably|either|or|not|unless|whether|says?|claims?|option [a-z] (?:says|is))\b|n['’]t\b|\?/i

const conclusionStart =
  /\bthe (?:final |correct |right )?(?:answer|option|choice) (?:is|must be|has to be|=):? {0,2}|(?:^|[.!\n] {0,2})(?:therefore|thus|hence),? (?=[-+]?\d[\d.,/]{0,15}[.!]?(?:\s|$)|[A-J][.!]?(?:\n|$))/gi
/** Words after "the answer is" that describe the answer and do not give it. */
const aboutIt =
  /^(?:clear|obvious|simple|straightforward|correct|right|wrong|consistent|confirmed|unique|known|given|the same|easy|below|above|here|as|what|that|this|it|in|on|at|by|from|found|determined|indeed|now|therefore|thus|likely|also|still|among|one of|option|choice)\b/i

/**
 * Reasons of verdicts on two answers of the same form that differ. Reasons such as `not-a-…` only
 * say that the text is no answer.
 */
const differingReasons = new Set([
  'different-number',
  'different-choice',
  'different-yesno',
  'different-text',
  'different-date',
  'different-time',
])

async function concludesOtherwise({ reasoning, answer, row }: Chain): Promise<boolean> {
  let last: { at: number; from: number } | undefined
  for (const found of reasoning.matchAll(conclusionStart))
    last = { at: found.index, from: found.index + found[0].length }
  if (last === undefined) return false
  const { at, from } = last
  const line = reasoning.slice(from, from + 200)
  const end = /[.!;](?=\s|$)|\n|,? (?:because|since|as|which|so)\b|$/.exec(line)?.index ?? line.length
  const conclusion = line
    .slice(0, end)
    .replace(/^(?:option|choice) (?=\(?[A-J]\b)/i, '')
    .replaceAll(/[*_`"“”]/g, '')
    .trim()
  const before = reasoning.slice(Math.max(0, at - 300), at)
  const lead = before.slice(before.search(/[^.!?\n]*$/))
  if (supposed.test(lead) || /\bnot\b|\?|\bor\b/i.test(line.slice(0, end + 1))) return false
  if (doubt.test(reasoning.slice(from + end))) return false
  if (conclusion === '' || conclusion.length > 40 || aboutIt.test(conclusion)) return false
  if ((conclusion.match(/\d[\d.,]*/g) ?? []).length > 1 && !/^\S+$/.test(conclusion)) return false
  const { result } = await verifyInPool(answerCase({ ...row, id: 'conclusion' }, answer, conclusion))
  const { verdict, reason } = result
  if (verdict !== 'incorrect' || !differingReasons.has(reason)) return false
  // For two long texts the verifier only knows that their letters differ.
  return reason !== 'different-text' || (isOneWord(conclusion) && isOneWord(answer))
}

const isOneWord = (text: string): boolean => /^(?:(?:an?|the) )?[\p{L}-]{1,30}$/iu.test(text.trim())

const surrender =
  /\b(?:(?:cannot|can['’]t|can not) (?:be )?determined?\b|(?:not|isn['’]t) enough (?:information|data|details)|insufficient (?:information|data|details)|(?:impossible|unable|not possible) to (?:determine|tell|know|say)|there is no way to (?:know|tell|determine))/gi
/** The answer, or a choice, says that nobody can know. */
const unknowable =
  /\b(?:determin|enough|insufficient|impossible|unable|unknown|uncertain|undecid|cannot|can['’]?t|none|not |no )/i

function givesUp({ reasoning, answer, row }: Chain): boolean {
  if (unknowable.test(answer) || (row.choices ?? []).some((choice) => unknowable.test(choice))) return false
  let from: number | undefined
  let to = 0
  for (const found of reasoning.matchAll(surrender)) [from, to] = [found.index, found.index + found[0].length]
  if (from === undefined) return false
  const before = reasoning.slice(Math.max(0, from - 300), from)
  const lead = before.slice(before.search(/[^.!?\n]*$/))
  const after = reasoning.slice(to)
  return (
    !supposed.test(lead) &&
    !/\b(?:never|at first|initially|seem\w*)\b/i.test(lead) &&
    !doubt.test(after) &&
    !/\b(?:directly|alone|exactly|precisely|yet|until|without|by just|only|luckily|fortunately|so let|let['’]?s|can be|we can|i can|using|therefore it follows)\b/i.test(
      after,
    )
  )
}

const leak = new RegExp(
  String.raw`\b(?:${[
    String.raw`(?:the|this) (?:given|provided|supplied) (?:correct |right |final )?answer\b(?! (?:choice|option|format|list|key is missing))`,
    String.raw`(?:as|since|because|that) (?:we|I) (?:are|were|was|am) told (?:that )?the (?:correct |right |final )?answer`,
    String.raw`(?:we|I) (?:are|were|was|am|['’]m|have been) (?:told|given) (?:that )?the (?:correct |right |final )?answer\b(?! (?:choice|option))`,
    String.raw`the (?:correct |right |final )?answer (?:is|was|has been) (?:already )?(?:given|provided|supplied)(?= (?:as|to (?:me|us)|in the prompt|already|here)\b|[,.:;])`,
    String.raw`the (?:correct |right )?answer is (?:already )?known to be`,
    String.raw`(?:we|I) already know (?:that )?the (?:correct |right |final )?answer`,
    String.raw`the ground[- ]truth answer`,
  ].join('|')})`,
  'i',
)

/** Shorter sentences ("Wait.", "Yes.") repeat in good reasoning too. */
const shortestSentenceWords = 3

function repeats({ reasoning, maxSentenceRepeats }: Chain): boolean {
  const seen = new Map<string, number>()
  for (const part of reasoning.split(/[.!?](?=\s)|\n+/)) {
    const words = part.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
    if (words.length < shortestSentenceWords) continue
    const sentence = words.join(' ')
    const times = (seen.get(sentence) ?? 0) + 1
    if (times > maxSentenceRepeats) return true
    seen.set(sentence, times)
  }
  return false
}

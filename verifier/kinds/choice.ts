import { numberFromWords } from '../answers/number-words.ts'
import { compareNumbers, parseNumber } from '../answers/number.ts'
import { collapseSpace, LEAF_LIMIT, plainLatex, trimMarks, unifyCharacters } from '../plain-text.ts'
import { sameText } from './short-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Judgement, ReasonCode } from '../verdict.ts'

const DEFAULT_LETTERS = 10

type Reading = { letters: ReadonlySet<number> } | { problem: ReasonCode }

function letterIndex(letter: string): number {
  return letter.toUpperCase().charCodeAt(0) - 65
}

/**
 * Reads which options a text picks: B · (B) · B. · b · B: red · Option B · red (by the options' texts) · A, C.
 * An "or", a denial, or a letter beside another option's text is a problem, never a choice.
 */
function readChoice(raw: string, choices: readonly string[]): Reading {
  if (raw.length > LEAF_LIMIT) return { problem: 'too-long' }
  const text = trimMarks(plainLatex(collapseSpace(unifyCharacters(raw))))
  const count = choices.length === 0 ? DEFAULT_LETTERS : choices.length
  const picked = text.replace(
    /^(?:it'?s |it is |(?:the )?(?:(?:correct|right) )?(?:option|choice|answer)s?:? (?:is )?|选项? ?)/i,
    '',
  )
  const whole = letterList(picked, count)
  if (whole !== null) return whole
  const exact = optionByText(text, choices)
  if (exact !== null) return { letters: new Set([exact]) }
  if (
    /\b(?:or|either|neither|nor|not|isn't|cannot|can't|except|but|wrong|incorrect|false)\b/i.test(
      withoutLongOption(text, choices),
    )
  )
    return { problem: 'hedged' }
  const lead = /^\(?([A-Za-z])(?:\)\s*[.:]?\s*|\s*[.:]\s*|\s+-\s+|\s+(?=is\b))(.*)$/.exec(picked)
  if (lead !== null) {
    const letter = letterIndex(lead[1] ?? '')
    if (letter >= count) return { problem: 'not-a-choice' }
    return checkRest(letter, (lead[2] ?? '').trim(), choices)
  }
  const trail = /^(.*\S)\s*\(([A-Z])\)$/.exec(text)
  if (trail !== null && letterIndex(trail[2] ?? '') < count)
    return checkRest(letterIndex(trail[2] ?? ''), trail[1] ?? '', choices)
  return { problem: 'not-a-choice' }
}

/** "B", "(B)", "A, C", "A and C", "AC" is not a list: letters must stand apart. */
function letterList(text: string, count: number): Reading | null {
  if (text.length > 80) return null
  const parts = text.split(/\s*(?:,|;|&|\/|\band\b|\bor\b|\s)\s*/i).filter((p) => p !== '')
  const letters = parts.map((p) => /^\(?([A-Za-z])[).:]?$/.exec(p)?.[1] ?? null)
  if (letters.length === 0 || letters.includes(null)) return null
  if (letters.length > 1 && /\bor\b|\//i.test(text)) return { problem: 'hedged' }
  const found = new Set(letters.map((l) => letterIndex(l ?? '')))
  return [...found].some((i) => i >= count) ? { problem: 'not-a-choice' } : { letters: found }
}

/** An option's own "or"/"not" is no hedge. */
function withoutLongOption(text: string, choices: readonly string[]): string {
  let rest = text.toLowerCase()
  for (const choice of choices) if (choice.length > 3) rest = rest.replace(choice.toLowerCase(), ' ')
  return rest
}

/** A letter with its option's text agrees; with another option's text it contradicts itself; with a second letter it hedges. */
function checkRest(letter: number, rest: string, choices: readonly string[]): Reading {
  const words = rest.replace(/^is (?:the )?(?:correct|right)(?: (?:answer|option|choice))?$/i, '')
  if (words === '') return { letters: new Set([letter]) }
  const named = optionByText(words, choices)
  if (named !== null && named !== letter && !sameText(choices[letter] ?? '', words)) return { problem: 'contradiction' }
  if (/(?:^|[\s(,;])\(?[B-J][).:](?:\s|$)/.test(words)) return { problem: 'hedged' }
  return { letters: new Set([letter]) }
}

/** Index of the only option with this text (as text, else as number); null when none or several. */
function optionByText(text: string, choices: readonly string[]): number | null {
  const byText = choices.flatMap((choice, index) => (sameText(choice, text) ? [index] : []))
  if (byText.length > 0) return byText.length === 1 ? (byText[0] ?? null) : null
  const number = /\d/.test(text) || numberFromWords(text) !== null ? parseNumber(text) : null
  if (number === null) return null
  const byNumber = choices.flatMap((choice, index) => {
    const option = parseNumber(choice)
    return option !== null && compareNumbers(option, number).reason === 'same-number' ? [index] : []
  })
  return byNumber.length === 1 ? (byNumber[0] ?? null) : null
}

/** Judges a choice; several letters are compared as a set. */
export function judgeChoice(goldText: string, answerText: string, choices: readonly string[]): Judgement {
  const gold = readChoice(goldText, choices)
  if ('problem' in gold) return unverifiable('bad-gold')
  const answer = readChoice(answerText, choices)
  if ('problem' in answer) return answer.problem === 'too-long' ? unverifiable('too-long') : incorrect(answer.problem)
  if (answer.letters.size > 1 && gold.letters.size === 1) return incorrect('hedged')
  const same = answer.letters.size === gold.letters.size && [...gold.letters].every((l) => answer.letters.has(l))
  return same ? correct('same-choice') : incorrect('different-choice')
}

/** True when a gold answer names an option: by letter when there are options, or as a lone capital letter A–J. */
export function isChoiceGold(gold: string, choices: readonly string[]): boolean {
  if (choices.length > 0) return 'letters' in readChoice(gold, choices)
  return /^\s*(?:\(([A-J])\)|[A-J][.)]?)\s*$/.test(gold)
}

import { collapseSpace, unifyCharacters } from '../plain-text.ts'
import type { Ruling } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { codeKey, readCoded } from './coded.ts'
import type { Coded } from './coded.ts'

/** Words that leave the answer of a sentence open. */
const open = /\b(?:or|not|either|neither|nor|except|unless|maybe|perhaps|possibly|if|but)\b|n't\b|[?;]| \/ |或|不/i

/**
 * Compares answers that are not computed: ranges, scores, phone numbers, sizes, codes and formulas.
 * Null when the gold is no such answer. Parts keep their order. A unit may be missing.
 */
export function checkCoded(goldText: string, answerText: string): Ruling | null {
  const gold = readCoded(goldText)
  if (gold === null) return null
  // A score is also written with a colon, where a ratio is meant by itself.
  const isScore = gold.sort === 'range' && /^\W*\d{1,3} ?: ?\d{1,3}\W*$/.test(answerText)
  const answer = readCoded(isScore ? answerText.replace(':', '-') : answerText)
  if (answer !== null) return compare(gold, answer)
  const said = codedWithin(answerText, gold.sort)
  if (said === null) {
    if (likelySame(gold, answerText)) return unverifiable('contains-gold')
    return answerText.split(' ').length >= 5 ? unverifiable('unread') : incorrect('different-form')
  }
  const ruling = compare(gold, said)
  return ruling.verdict === 'correct' && open.test(answerText) ? unverifiable('contains-gold') : ruling
}

function compare(gold: Coded, answer: Coded): Ruling {
  if (gold.sort !== answer.sort)
    return looseKey(gold) === looseKey(answer) ? correct('same-text') : incorrect('different-form')
  if (gold.unit !== null && answer.unit !== null && gold.unit.name !== answer.unit.name)
    return incorrect('different-unit')
  return gold.key === answer.key ? correct('same-text') : incorrect('different-text')
}

/** CO2 and co2 are a formula and a code. */
function looseKey({ sort, key }: Coded): string {
  return sort === 'formula' ? codeKey(key) : sort === 'code' ? key : `${sort} ${key}`
}

/** The one range, size or code in a sentence. Null when there is none, or several. */
function codedWithin(text: string, sort: Coded['sort']): Coded | null {
  const spaced = unifyCharacters(text).replace(
    /(?<=[\u3040-\u9fff\uac00-\ud7af])(?=\d)|(?<=\d)(?=[\u3040-\u9fff\uac00-\ud7af])/g,
    ' ',
  )
  const words = collapseSpace(spaced.replace(/^\((.*)\)$/, '$1')).split(' ')
  if (words.length > 40) return null
  const found = new Map<string, Coded>()
  let others = false
  let from = 0
  while (from < words.length) {
    let taken = 0
    for (let length = Math.min(5, words.length - from); length > 0 && taken === 0; length--) {
      const run = words.slice(from, from + length).join(' ')
      if (!/[\dA-Z]/.test(run)) continue
      const read = readCoded(run)
      if (read?.sort !== sort) continue
      found.set(read.key, read)
      taken = length
    }
    // Another figure in the sentence may be another answer.
    if (taken === 0 && /\d/.test(words[from] ?? '')) others = true
    from += Math.max(taken, 1)
  }
  return found.size === 1 && !others ? ([...found.values()][0] ?? null) : null
}

function likelySame(gold: Coded, answer: string): boolean {
  const text = unifyCharacters(answer)
  if (codeKey(collapseSpace(text)).includes(codeKey(gold.key))) return true
  const [first = '', ...others] = gold.key.match(/\d+/g) ?? []
  return others.length > 0 && new RegExp([first, ...others].join('\\D{1,4}')).test(text)
}

/** Compares lists that hold ranges or codes, in any order. Null when the gold holds none. */
export function checkCodedList(goldText: string, answerText: string): Ruling | null {
  const golds = itemsOf(goldText)
  if (golds.length < 2 || !golds.some((item) => readCoded(item) !== null)) return null
  const items = itemsOf(answerText)
  // A row of scores may have spaces between them.
  const spaced = items.length === 1 ? (items[0] ?? '').split(' ') : []
  const free = spaced.length > 1 && spaced.every((item) => readCoded(item) !== null) ? spaced : items
  if (free.length !== golds.length) return incorrect('different-list')
  for (const gold of golds) {
    const at = free.findIndex((item) => {
      const ruling = checkCoded(gold, item)
      return ruling === null ? codeKey(gold) === codeKey(item) : ruling.verdict === 'correct'
    })
    if (at < 0) return incorrect('different-list')
    free.splice(at, 1)
  }
  return correct('same-list')
}

function itemsOf(text: string): string[] {
  return collapseSpace(text)
    .replace(/^[[{(]|[\]})]$|["'“”]/g, '')
    .split(/\s*[;,]\s+(?:and )?|\s+and\s+/)
    .filter((item) => item !== '')
    .slice(0, 65)
}

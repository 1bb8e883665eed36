import { colorNames, shapeNames } from '../scene.ts'
import type { Cell, Color, Shape } from '../scene.ts'

/**
 * One thing that a description mentions; `what` is null for a place without a shape, and `place` is
 * null for a shape without a place.
 */
export interface Mention {
  place: string | null
  what: Cell
}

/** The parts of a reason prompt. `description` is undefined when the prompt has no description. */
export interface PromptParts {
  description: string | undefined
  question: string | undefined
  choices: string[]
}

/** What is counted: any shape, or only those of a colour, of a form, or both. */
export interface Wanted {
  color?: Color
  shape?: Shape
}

export type Asked =
  | { kind: 'count'; wanted: Wanted }
  | { kind: 'exists'; wanted: Wanted }
  | { kind: 'compare'; first: Wanted; second: Wanted }
  | { kind: 'place'; place: string; attribute: 'color' | 'shape' }
  | { kind: 'difference'; first: Wanted; second: Wanted }
  | { kind: 'sum'; first: Wanted; second: Wanted }
  /**
   * What is there, in free text. `area` is a place (`top left`), a line (`top row`, `left column`)
   * or `picture`.
   */
  | { kind: 'describe'; area: string }

/**
 * Takes a prompt of the form `Description: … Question: … Choices: A. …` apart; other text around
 * them is ignored.
 */
export function readPrompt(prompt: string): PromptParts {
  const description = /Description:\s*([\s\S]*?)\s*\n\s*Question:/.exec(prompt)?.[1]
  const question = /Question:\s*([^\n]+)/.exec(prompt)?.[1]?.trim()
  const choiceLines = /\nChoices:\s*\n((?:[A-Z]\. [^\n]*(?:\n|$))+)/.exec(prompt)?.[1] ?? ''
  const choices = choiceLines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(3).trim())
  return { description, question, choices }
}

const anyColor = colorNames.join('|')
const anyShape = shapeNames.join('|')
const anyPlace = String.raw`(?:top|upper|middle|bottom|lower)[ -](?:left|center|middle|right)|row \d+ column \d+`
const numberWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/**
 * Everything that a description says about places and shapes, in its order. In each sentence a
 * place goes with the shape next to it, whichever comes first: `Top left: a red circle`, `a red
 * circle is at the top left`.
 */
export function readDescription(description: string): Mention[] {
  const token = new RegExp(
    String.raw`\b(?<place>${anyPlace})\b|\b(?<empty>empty|nothing|blank)\b|` +
      String.raw`(?:\b(?<many>${numberWords.join('|')}|\d)\s+)?\b(?<color>${anyColor})\s+(?:\w+\s+)?(?<shape>${anyShape})s?\b`,
    'g',
  )
  return (
    description
      .toLowerCase()
      // An answer goes with the place that its question names.
      .replaceAll(/\?\s*\n\s*a:/g, '?')
      .split(/[.;!\n]/)
      .flatMap((sentence) => readSentence(sentence, token))
  )
}

function readSentence(sentence: string, token: RegExp): Mention[] {
  const mentions: Mention[] = []
  let place: string | null = null
  let loose: Mention[] = []
  for (const { groups } of sentence.matchAll(token)) {
    if (groups?.['place'] !== undefined) {
      const name = plainPlace(groups['place'])
      if (loose.length === 0) place = name
      for (const mention of loose) mention.place = name
      loose = []
      continue
    }
    const what = readThing(groups?.['color'], groups?.['shape'])
    const found = Array.from({ length: howMany(groups?.['many']) }, () => ({ place, what }))
    mentions.push(...found)
    loose = place === null ? found : []
    place = null
  }
  // `nothing` without a place says nothing about any cell.
  return mentions.filter((mention) => mention.place !== null || mention.what !== null)
}

/** What a question asks, or undefined for a question that this reasoner does not understand. */
export function readQuestion(question: string): Asked | undefined {
  const text = question.toLowerCase().replaceAll('colour', 'color')
  // A question that negates begins like one that does not.
  if (/\bnot\b/.test(text)) return undefined
  const thing = String.raw`(?:(${anyColor})\s+)?(${anyShape}|shape|one)s?`
  const two = readTwo(text)
  if (two !== undefined) return two
  const count = new RegExp(`^how many ${thing}\\b`).exec(text)
  if (count) return { kind: 'count', wanted: readWanted(count[1], count[2]) }
  const exists = new RegExp(`^is there (?:a|an|any) ${thing}\\b`).exec(text)
  if (exists) return { kind: 'exists', wanted: readWanted(exists[1], exists[2]) }
  const compare = new RegExp(`^are there more ${thing} than ${thing}\\b`).exec(text)
  if (compare) {
    return {
      kind: 'compare',
      first: readWanted(compare[1], compare[2]),
      second: readWanted(compare[3], compare[4]),
    }
  }
  const at = new RegExp(`^(?:which|what) (color|shape) is (?:at|in) the (${anyPlace})\\b`).exec(text)
  if (at?.[2] !== undefined) {
    return { kind: 'place', place: plainPlace(at[2]), attribute: at[1] === 'shape' ? 'shape' : 'color' }
  }
  const area = readArea(text)
  return area === undefined ? undefined : { kind: 'describe', area }
}

/** Sums and differences. They are read before counts, because a sum begins like a count. */
function readTwo(text: string): Asked | undefined {
  // A colour with its shape before a colour alone: "red circles" is not "red".
  const thing = String.raw`(?:(?:(${anyColor}) )?(${anyShape}|shape)s?|(${anyColor}))`
  const found = new RegExp(
    String.raw`^how many (?:(more) ${thing} than ${thing}|(?:shapes are )?${thing} (?:or|and) ${thing})\b`,
  ).exec(text)
  if (!found) return undefined
  const [, more, ...words] = found
  const [a, b, c, d, e, f] = more === undefined ? words.slice(6) : words
  return {
    kind: more === undefined ? 'sum' : 'difference',
    first: readWanted(a ?? c, b),
    second: readWanted(d ?? f, e),
  }
}

function readArea(text: string): string | undefined {
  const found = new RegExp(
    String.raw`^(?:what|which shapes?) (?:is|are) (?:there )?(?:at|in|on) the ` +
      String.raw`(?:(picture|image)|(${anyPlace})|(top|upper|middle|bottom|lower|left|center|right)(?: (row|column))?)\??$`,
  ).exec(text)
  if (!found) return undefined
  const [, picture, place, side, axis] = found
  if (picture !== undefined) return 'picture'
  if (place !== undefined) return plainPlace(place)
  if (side === undefined || (side === 'middle' && axis === undefined)) return undefined
  const isRow = ['top', 'upper', 'bottom', 'lower'].includes(side)
  return `${plainPlace(side)} ${axis ?? (isRow ? 'row' : 'column')}`
}

/** True when a place lies in an area that a question names. */
export function isWithin(place: string | null, area: string): boolean {
  if (area === 'picture') return true
  const line = /^(\w+) (row|column)$/.exec(area)
  if (line === null) return place === area
  return line[2] === 'row' ? place?.startsWith(`${line[1]} `) === true : place?.endsWith(` ${line[1]}`) === true
}

function readWanted(colorWord: string | undefined, shapeWord: string | undefined): Wanted {
  const color = colorNames.find((each) => each === colorWord)
  const shape = shapeNames.find((each) => each === shapeWord)
  return { ...(color === undefined ? {} : { color }), ...(shape === undefined ? {} : { shape }) }
}

function readThing(colorWord: string | undefined, shapeWord: string | undefined): Cell {
  const { color, shape } = readWanted(colorWord, shapeWord)
  return color === undefined || shape === undefined ? null : { color, shape }
}

function howMany(word: string | undefined): number {
  if (word === undefined) return 1
  const index = numberWords.indexOf(word)
  return index === -1 ? Number(word) : index
}

function plainPlace(words: string): string {
  return words.replace('-', ' ').replace('upper', 'top').replace('lower', 'bottom')
}

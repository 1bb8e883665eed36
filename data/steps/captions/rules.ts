import type { AnswerKind } from '../../../domain/answer-check.ts'
import { plural, withArticle } from './nouns.ts'
import { relationsOf } from './places.ts'
import type { Relation } from './places.ts'
import type { CaptionReading, Counted } from './read-caption.ts'

/** A question that a caption answers. */
export interface Posed {
  question: string
  answer: string
  kind: Extract<AnswerKind, 'number' | 'yesno' | 'text'>
}

export const convertRules = ['counting', 'comparing', 'spatial', 'existence', 'multi-step'] as const
type ConvertRule = (typeof convertRules)[number]

/**
 * The abilities that each rule's questions need, named as in the metadata's `abilities` ({@link
 * knownMetadata}).
 */
export const abilitiesOf: Readonly<Record<ConvertRule, readonly string[]>> = {
  counting: ['recognition', 'math'],
  comparing: ['recognition', 'math'],
  spatial: ['recognition', 'spatial'],
  existence: ['recognition'],
  'multi-step': ['recognition', 'math', 'reasoning'],
}

/** All questions that a rule finds in a reading, in the caption's order. */
export const pose: Readonly<Record<ConvertRule, (reading: CaptionReading) => Posed[]>> = {
  counting,
  comparing,
  spatial,
  existence,
  'multi-step': multiStep,
}

/** Things that a question can name: `dog`, `red circle`. */
interface Group {
  name: string
  count: number
  noun: string
}

/** The most groups. Rules compare pairs, so the limit keeps a caption of many things cheap. */
const mostGroups = 40

const wholes = ({ counted }: CaptionReading): Group[] =>
  counted.map(({ noun, total }) => ({ name: noun, noun, count: total })).slice(0, mostGroups)

const parts = ({ counted }: CaptionReading): Group[] =>
  counted
    .flatMap(({ noun, byColor }) =>
      [...(byColor ?? [])].map(([color, count]) => ({ name: `${color} ${noun}`, noun, count })),
    )
    .slice(0, mostGroups)

const number = (question: string, answer: number): Posed => ({ question, answer: String(answer), kind: 'number' })
const yesNo = (question: string, answer: boolean): Posed => ({ question, answer: answer ? 'yes' : 'no', kind: 'yesno' })
const pairs = <T>(items: readonly T[]): (readonly [T, T])[] =>
  items.flatMap((first) => items.filter((second) => second !== first).map((second) => [first, second] as const))

function counting(reading: CaptionReading): Posed[] {
  return [...wholes(reading), ...parts(reading)].map(({ name, count }) =>
    number(`How many ${plural(name)} are there in the image?`, count),
  )
}

function comparing(reading: CaptionReading): Posed[] {
  return [...pairs(wholes(reading)), ...pairs(parts(reading))].map(([first, second]) =>
    yesNo(`Are there more ${plural(first.name)} than ${plural(second.name)} in the image?`, first.count > second.count),
  )
}

/** Asks for the colour of a thing at a place, and how two things lie to each other. */
function spatial({ counted, relations }: CaptionReading): Posed[] {
  const asked = counted.flatMap(({ noun, placed, total }) =>
    // A thing without a known place could be at this place too.
    placed.length < total
      ? []
      : placed.flatMap(({ color, place }) =>
          color === null || placed.filter((other) => other.place.phrase === place.phrase).length > 1
            ? []
            : [
                {
                  question: `What color is the ${noun} ${place.phrase} of the image?`,
                  answer: color,
                  kind: 'text' as const,
                },
              ],
        ),
  )
  const single = counted.flatMap(singleThings).slice(0, mostGroups)
  const placed = pairs(single).flatMap(([first, second]) => {
    const held = relationsOf(first.place, second.place)
    return held.flatMap((relation) => [
      relationAsked(first.name, relation, second.name, true),
      relationAsked(first.name, opposite[relation], second.name, false),
    ])
  })
  const told = relations.flatMap(({ first, relation, second }) => [
    relationAsked(second, opposite[relation], first, true),
    relationAsked(second, relation, first, false),
  ])
  return [...asked, ...placed, ...told]
}

/** Placed things whose name means no other thing. */
function singleThings({ noun, total, byColor, placed }: Counted) {
  return placed.flatMap(({ color, place }) => {
    if (total === 1) return [{ name: noun, place }]
    return color !== null && byColor?.get(color) === 1 ? [{ name: `${color} ${noun}`, place }] : []
  })
}

const opposite: Readonly<Record<Relation, Relation>> = { left: 'right', right: 'left', above: 'below', below: 'above' }
const relationWords: Readonly<Record<Relation, string>> = {
  left: 'to the left of',
  right: 'to the right of',
  above: 'above',
  below: 'below',
}

const relationAsked = (first: string, relation: Relation, second: string, holds: boolean): Posed =>
  yesNo(`Is the ${first} ${relationWords[relation]} the ${second} in the image?`, holds)

/** Colours that nobody confuses. The colours in the caption are added to them. */
const plainColors = ['red', 'green', 'blue', 'yellow']

/** Each line lists colours that a person may call by each other's names. */
const alikeColors = [
  'turquoise teal blue',
  'turquoise teal green',
  'golden yellow orange beige',
  'golden yellow orange brown',
  'orange red brown',
  'violet purple blue',
  'violet purple pink',
  'pink red',
  'beige brown pink',
  'beige white silver gray',
  'silver gray black',
  'brown black',
].map((line) => line.split(' '))

const isAlike = (one: string, other: string): boolean =>
  one === other || alikeColors.some((line) => line.includes(one) && line.includes(other))

/**
 * Asks for things in the picture, for things that the caption says are not there, and for colours
 * that no thing of a counted name has. A colour like an existing one is not asked for.
 */
function existence(reading: CaptionReading): Posed[] {
  const is = (name: string, there: boolean) => yesNo(`Is there ${withArticle(name)} in the image?`, there)
  const there = [...wholes(reading), ...parts(reading)].map(({ name }) => is(name, true))
  const absent = reading.absent.map((noun) => is(noun, false))
  const named = new Set(reading.counted.flatMap(({ byColor }) => [...(byColor?.keys() ?? [])]))
  const candidates = new Set([...named, ...plainColors])
  const otherwise = reading.counted
    .slice(0, mostGroups)
    .flatMap(({ noun, byColor }) =>
      byColor === null
        ? []
        : [...candidates]
            .filter((color) => ![...byColor.keys()].some((there) => isAlike(there, color)))
            .map((color) => is(`${color} ${noun}`, false)),
    )
  return [...there, ...absent, ...otherwise]
}

/** Questions that need two counts: sums, differences, and what remains without one colour. */
function multiStep(reading: CaptionReading): Posed[] {
  const groups = [wholes(reading), parts(reading)]
  const sums = groups
    .flatMap(pairs)
    .flatMap(([first, second]) =>
      first.name < second.name
        ? [
            number(
              `How many ${plural(first.name)} and ${plural(second.name)} are there in total in the image?`,
              first.count + second.count,
            ),
          ]
        : [],
    )
  const differences = groups
    .flatMap(pairs)
    .flatMap(([first, second]) =>
      first.count > second.count
        ? [
            number(
              `How many more ${plural(first.name)} than ${plural(second.name)} are there in the image?`,
              first.count - second.count,
            ),
          ]
        : [],
    )
  const without = reading.counted.flatMap(({ noun, total, byColor }) =>
    total < 2
      ? []
      : [...(byColor ?? [])].map(([color, count]) =>
          number(`How many ${plural(noun)} in the image are not ${color}?`, total - count),
        ),
  )
  return [...sums, ...differences, ...without]
}

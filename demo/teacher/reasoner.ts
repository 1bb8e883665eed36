import { cellWords, tally } from '../base-corpus.ts'
import { thingWords } from '../questions.ts'
import { createRandom, seedOf } from '../random.ts'
import type { Random } from '../random.ts'
import { colorNames, shapeNames } from '../scene.ts'
import type { Cell } from '../scene.ts'
import { isWithin, readDescription, readPrompt, readQuestion } from './read-prompt.ts'
import type { Asked, Mention, Wanted } from './read-prompt.ts'

export interface ReasonerSettings {
  /** The teacher's own seed. */
  seed: number
  /** Share of samples with a wrong count or verdict. All shares are from 0 to 1. */
  slipRate: number
  /** Share of samples in full sentences, which are longer than the plain list. */
  wordyShare: number
  /** Share of samples with reflection words. */
  reflectionShare: number
  /** Share of the reflecting samples that repeat themselves for long. */
  longShare: number
}

/**
 * Answers the question of a reason prompt from the prompt's description alone, as `<think>…</think>
 * explanation <answer>…</answer>`. It never looks at an answer that the prompt gives away: the
 * reasoner stays with what it found itself. Wording, length and slips depend only on the teacher's
 * seed, the prompt and the request's seed. When the description or the question does not hold what
 * is needed, the reply says so and the answer is `unknown`.
 */
export function reasonOver(prompt: string, requestSeed: number, settings: ReasonerSettings): string {
  const random = createRandom(seedOf(settings.seed, 'reason', prompt, requestSeed))
  const { description, question, choices } = readPrompt(prompt)
  if (question === undefined) return unknown('there is no question.')
  const mentions = description === undefined ? [] : readDescription(description)
  if (mentions.length === 0) return unknown('the description does not name any shape or place.')
  const asked = readQuestion(question)
  if (asked === undefined) return unknown('this question is not one that can be answered by rule.')
  const slips = random.chance(settings.slipRate)
  const steps = work(asked, mentions, slips, random)
  if (steps === undefined) return unknown('the description does not say what is at that place.')
  const answer = inChoices(steps.answer, choices, slips, random)
  return wordTrace(mentions, steps, answer, settings, random)
}

/**
 * The answer that rules give to a question from the mentions of a description, without slips and
 * without choices. Undefined when no mention is about the place that the question names.
 */
export function decide(asked: Asked, mentions: readonly Mention[]): string | undefined {
  return work(asked, mentions, false, createRandom(0))?.answer
}

/**
 * The reasoning after the list of seen things, in plain and in full words, with its conclusion and
 * a last sentence.
 */
interface Steps {
  plain: string
  full: string
  answer: string
  explanation: string
}

function work(asked: Asked, mentions: readonly Mention[], slips: boolean, random: Random): Steps | undefined {
  switch (asked.kind) {
    case 'count': {
      const { places, total } = countUp(asked.wanted, mentions, slips, random)
      const label = labelOf(asked.wanted)
      return {
        plain: `${label}: ${tally(places)}.`,
        full: `Now I count the ${label}: ${tally(places)}.`,
        answer: String(total),
        explanation: `there are ${total}.`,
      }
    }
    case 'exists': {
      const { places } = countUp(asked.wanted, mentions, false, random)
      const verdict = places.length > 0 !== slips
      const label = labelOf(asked.wanted)
      return {
        plain: `${label}: ${tally(places)}.`,
        full: `Now I look for a ${label}: ${tally(places)}.`,
        answer: verdict ? 'yes' : 'no',
        explanation: verdict ? 'there is one.' : 'there is none.',
      }
    }
    case 'compare': {
      const first = countUp(asked.first, mentions, slips, random)
      const second = countUp(asked.second, mentions, false, random)
      const [one, two] = [labelOf(asked.first), labelOf(asked.second)]
      const verdict = first.total > second.total
      return {
        plain: `${one}: ${tally(first.places)}. ${two}: ${tally(second.places)}.`,
        full: `Now I count the ${one}: ${tally(first.places)}. And the ${two}: ${tally(second.places)}.`,
        answer: verdict ? 'yes' : 'no',
        explanation: `there are ${first.total} and ${second.total}.`,
      }
    }
    case 'place': {
      const at = mentions.find((mention) => mention.place === asked.place)?.what
      if (at === undefined || at === null) return undefined
      const seen = at[asked.attribute]
      return {
        plain: `${asked.place}: ${seen}.`,
        full: `Now I look at the ${asked.place}: it is ${seen}.`,
        answer: seen,
        explanation: `it is ${seen}.`,
      }
    }
    case 'difference':
      return subtract(asked, mentions, slips, random)
    case 'sum':
      return addUp(asked, mentions, slips, random)
    case 'describe':
      return describeArea(asked.area, mentions, slips, random)
    default:
      throw new TypeError(`There is no rule for ${String(asked satisfies never)}.`)
  }
}

interface Two {
  first: Wanted
  second: Wanted
}

function subtract({ first, second }: Two, mentions: readonly Mention[], slips: boolean, random: Random): Steps {
  const more = countUp(first, mentions, slips, random)
  const less = countUp(second, mentions, false, random)
  const [one, two] = [labelOf(first), labelOf(second)]
  // Below zero only for a question that says `more` where there are fewer, or after a slip.
  const answer = String(more.total - less.total)
  const working = `${more.total} - ${less.total} is ${answer}.`
  return {
    plain: `${one}: ${tally(more.places)}. ${two}: ${tally(less.places)}. ${working}`,
    full: `Now I count the ${one}: ${tally(more.places)}. And the ${two}: ${tally(less.places)}. ${working}`,
    answer,
    explanation: `there are ${more.total} and ${less.total}.`,
  }
}

/**
 * Goes on counting over the second kind, so that nothing is left to add. A shape that is of both
 * kinds counts once.
 */
function addUp({ first, second }: Two, mentions: readonly Mention[], slips: boolean, random: Random): Steps {
  const one = countUp(first, mentions, slips, random)
  const left = mentions.filter(({ what }) => what === null || !fits(what, first))
  const two = countUp(second, left, false, random)
  const total = one.total + two.total
  const [before, after] = [tally(one.places), tally(two.places, one.places.length)]
  return {
    plain: `${labelOf(first)}: ${before}. ${labelOf(second)}: ${after}.`,
    full: `Now I count the ${labelOf(first)}: ${before}. And the ${labelOf(second)}: ${after}.`,
    answer: String(total),
    explanation: `there are ${total}.`,
  }
}

function describeArea(area: string, mentions: readonly Mention[], slips: boolean, random: Random): Steps | undefined {
  const found = mentions.filter(({ place }) => isWithin(place, area)).map(({ what }) => what)
  if (found.length === 0) return undefined
  if (slips) misread(found, random)
  const things = found.filter((cell) => cell !== null).map(cellWords)
  const answer = thingWords(found)
  return {
    plain: `${area}: ${things.length === 0 ? 'none' : things.join(', ')}.`,
    full: `Now I look at the ${area}: there is ${answer}.`,
    answer,
    explanation: `there is ${answer}.`,
  }
}

/** One thing is overlooked, or taken for another; where nothing is, something is seen. */
function misread(cells: Cell[], random: Random): void {
  const filled = cells.flatMap((cell, index) => (cell === null ? [] : [{ cell, index }]))
  if (filled.length === 0) {
    cells[random.integer(cells.length)] = { color: random.pick(colorNames), shape: random.pick(shapeNames) }
    return
  }
  const { cell, index } = random.pick(filled)
  const color = random.pick(colorNames.filter((each) => each !== cell.color))
  cells[index] = random.chance(0.5) ? null : { ...cell, color }
}

/**
 * Where the wanted shapes are, and how many; a slip overlooks one, or counts one too many or too
 * few.
 */
function countUp(
  wanted: Wanted,
  mentions: readonly Mention[],
  slips: boolean,
  random: Random,
): { places: string[]; total: number } {
  const places = mentions
    .filter(({ what }) => what !== null && fits(what, wanted))
    .map(({ place, what }) => place ?? `${what?.color} ${what?.shape}`)
  if (!slips) return { places, total: places.length }
  if (places.length > 0 && random.chance(0.5)) {
    places.splice(random.integer(places.length), 1)
    return { places, total: places.length }
  }
  return { places, total: places.length > 0 && random.chance(0.5) ? places.length - 1 : places.length + 1 }
}

function fits(what: NonNullable<Mention['what']>, wanted: Wanted): boolean {
  return (
    (wanted.color === undefined || wanted.color === what.color) &&
    (wanted.shape === undefined || wanted.shape === what.shape)
  )
}

function labelOf({ color, shape }: Wanted): string {
  if (color === undefined) return shape ?? 'shapes'
  return shape === undefined ? color : `${color} ${shape}`
}

/**
 * The letter of the choice that says the answer; a slip picks another one. Without choices the
 * answer itself.
 */
function inChoices(answer: string, choices: readonly string[], slips: boolean, random: Random): string {
  const right = choices.findIndex((choice) => choice.toLowerCase() === answer)
  if (right === -1) return answer
  const others = choices.map((_, index) => index).filter((index) => index !== right)
  return String.fromCodePoint(65 + (slips && others.length > 0 ? random.pick(others) : right))
}

const reflections = ['Wait, let me check again.', 'Hmm, let me look once more.', 'Wait, is that right?'] as const

function wordTrace(
  mentions: readonly Mention[],
  steps: Steps,
  answer: string,
  settings: ReasonerSettings,
  random: Random,
): string {
  const list = mentions.map(({ place, what }) => [place, cellWords(what)].filter((word) => word !== null).join(' '))
  const plain = `${list.join(', ')}. ${steps.plain}`
  const full = `I look at each place of the picture. ${mentions.map(fullSentence).join(' ')} ${steps.full}`
  const isWordy = random.chance(settings.wordyShare)
  const thoughts = isWordy ? [full, `So the answer is ${answer}.`] : [plain, `so ${answer}.`]
  if (random.chance(settings.reflectionShare)) {
    const times = random.chance(settings.longShare) ? 3 + random.integer(4) : 1
    for (let time = 0; time < times; time += 1) thoughts.push(random.pick(reflections), plain, `so ${answer}.`)
  }
  return `<think>${thoughts.join(' ')}</think> ${steps.explanation} <answer>${answer}</answer>`
}

function fullSentence({ place, what }: Mention): string {
  const where = place === null ? 'Somewhere' : `At the ${place}`
  return what === null ? `${where} there is nothing.` : `${where} there is a ${cellWords(what)}.`
}

function unknown(reason: string): string {
  return `<think>${reason}</think> I can not tell. <answer>unknown</answer>`
}

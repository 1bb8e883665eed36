import { knownMetadata, questionTypes } from '../../../domain/rows.ts'
import type { QuestionType } from '../../../domain/rows.ts'
import { sampleSeed } from '../../rows/seeds.ts'
import type { EvidenceRow } from '../../../domain/rows.ts'
import { bareQuestion } from '../../rows/question-text.ts'
import { companionAbilities } from './abilities.ts'
import type { Ability } from './abilities.ts'
import { longestQuestion } from './question-rules.ts'
import { questionKey } from './same-text.ts'

/** How often types and abilities occur in kept questions. Plain data: every shard gets the same. */
export interface Tally {
  types: Record<string, number>
  abilities: Record<string, number>
}

/** The questions of earlier passes. */
export interface EarlierQuestions {
  tally: Tally
  /** Kept questions of each origin, each once, at most {@link mostAsked}. */
  asked: ReadonlyMap<string, readonly string[]>
}

/**
 * The most questions of one origin that later passes know: as many as one pass can write. The
 * prompt shows them all.
 */
const mostAsked = 64

/** The form that one question must have. */
export interface Constraint {
  type: QuestionType
  /** `reasoning` first. */
  abilities: Ability[]
}

/**
 * Counts the known types and abilities of the kept rows of earlier passes, and collects their
 * questions. Memory: the texts, some 100 bytes each, so tens of megabytes for hundreds of
 * thousands.
 */
export async function earlierQuestions(rows: AsyncIterable<EvidenceRow>): Promise<EarlierQuestions> {
  const asked = new Map<string, string[]>()
  const tally: Tally = {
    types: Object.fromEntries(questionTypes.map((type) => [type, 0])),
    abilities: Object.fromEntries(companionAbilities.map((ability) => [ability, 0])),
  }
  const count = (counts: Record<string, number>, name: string) => {
    if (Object.hasOwn(counts, name)) counts[name] = (counts[name] ?? 0) + 1
  }
  for await (const row of rows) {
    if (row.status !== 'kept') continue
    const { type, abilities } = knownMetadata(row.metadata)
    if (type !== undefined) count(tally.types, type)
    for (const ability of new Set(abilities)) count(tally.abilities, ability)
    remember(asked, row)
  }
  return { tally, asked }
}

/**
 * A question that several datasets inherited counts once. A question that is longer than the limit
 * is skipped, because no pass could write it again.
 */
function remember(asked: Map<string, string[]>, { originId, question: text }: EvidenceRow): void {
  const question = bareQuestion(text)
  if (question === '' || question.length > longestQuestion) return
  const questions = asked.get(originId) ?? []
  asked.set(originId, questions)
  const key = questionKey(question)
  if (questions.length < mostAsked && !questions.some((other) => questionKey(other) === key)) questions.push(question)
}

interface Choice {
  types: readonly QuestionType[]
  companions: readonly (typeof companionAbilities)[number][]
  tally: Tally | undefined
  seed: number
}

/**
 * Draws a type, and `reasoning` with one or two other abilities: WeThink's synergy rule, whose
 * exact minimum is not published. Rare types and abilities are drawn more often: the weight is 1 /
 * (count + 1). Without a tally all weights are equal. The same arguments always give the same
 * constraint.
 */
export function drawConstraint({ types, companions, tally, seed }: Choice): Constraint {
  const type = draw(types, tally?.types, fraction(seed, 'type'))
  const abilities: Ability[] = ['reasoning']
  let left = companions
  const wanted = fraction(seed, 'how many') < 0.5 ? 1 : 2
  for (let place = 0; place < wanted && left.length > 0; place++) {
    const ability = draw(left, tally?.abilities, fraction(seed, `ability ${place}`))
    abilities.push(ability)
    left = left.filter((other) => other !== ability)
  }
  return { type, abilities }
}

/** A number from 0 up to, not including, 1. Each purpose gets another number. */
const fraction = (seed: number, purpose: string): number => sampleSeed(seed, purpose, 0) / 2 ** 31

function draw<Item extends string>(items: readonly Item[], counts: Tally['types'] | undefined, at: number): Item {
  const weights = items.map((item) => 1 / ((counts?.[item] ?? 0) + 1))
  let left = at * weights.reduce((sum, weight) => sum + weight, 0)
  const found = items.find((_, index) => {
    left -= weights[index] ?? 0
    return left < 0
  })
  // Rounding may leave a tiny rest at the end.
  const drawn = found ?? items.at(-1)
  if (drawn === undefined) throw new RangeError('there is nothing to draw from')
  return drawn
}

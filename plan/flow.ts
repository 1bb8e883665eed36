import type { KnownRows } from './known.ts'
import { known } from './count.ts'
import type { Count } from './count.ts'
import { assumedQuestionCharacters, textTokens } from './tokens.ts'

/** Rows on their way through a round, at most: what a step drops is known only after it ran. */
export interface Flow {
  rows: Count
  /** Different questions among them: all traces of one question count once. */
  questions: Count
  /** Tokens of one question with its choices. */
  questionTokens: number
  /** Different values that a field of the metadata has at most, where that is known. */
  groups: Readonly<Record<string, number>>
  /** Pictures of a row. */
  images: number
  /** Longest description that the steps before could write, in tokens; 0 without one. */
  descriptionTokens: number
  /** Longest trace that the steps before could write, in tokens; 0 without one. */
  traceTokens: number
}

/** The rows of a source. */
export const sourceFlow = (source: KnownRows | undefined): Flow => ({
  rows: source?.rows ?? null,
  questions: source?.rows ?? null,
  questionTokens: textTokens(source?.questionCharacters ?? assumedQuestionCharacters),
  groups: source?.groups ?? {},
  images: source?.images ?? 1,
  descriptionTokens: 0,
  traceTokens: 0,
})

/**
 * Groups of several datasets: the sum of their groups, as if no value were in two of them. A field
 * that one dataset does not know stays unknown.
 */
function groupsOf([first, ...others]: readonly Flow[]): Flow['groups'] {
  const fields = Object.entries(first?.groups ?? {}).flatMap(([field, values]) => {
    const all = known(
      others.map(({ groups }) => groups[field] ?? null),
      (...more) => add(values, ...more),
    )
    return all === null ? [] : [[field, all] as const]
  })
  return Object.fromEntries(fields)
}

const longest = (flows: readonly Flow[], of: (flow: Flow) => number): number => Math.max(0, ...flows.map(of))

/** Several datasets one after the other. */
export const joined = (flows: readonly Flow[]): Flow => ({
  rows: known(
    flows.map(({ rows }) => rows),
    add,
  ),
  questions: known(
    flows.map(({ questions }) => questions),
    add,
  ),
  questionTokens: longest(flows, (flow) => flow.questionTokens),
  groups: groupsOf(flows),
  images: longest(flows, (flow) => flow.images),
  descriptionTokens: longest(flows, (flow) => flow.descriptionTokens),
  traceTokens: longest(flows, (flow) => flow.traceTokens),
})

const add = (...values: number[]): number => values.reduce((total, value) => total + value, 0)

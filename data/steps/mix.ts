import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { sampleSeed } from '../rows/seeds.ts'
import type { DatasetStep } from './step.ts'
import type { RowRef } from '../../domain/rows.ts'

const options = z
  .strictObject({
    step: z.literal('mix'),
    ...dataStepBase,
    /**
     * Share of each input in the order of `from`, e.g. [3, 1]. All rows of all inputs when absent.
     */
    weights: z.array(z.number().positive()).min(1).optional(),
    /** The most rows of the result. */
    maxRows: z.int().positive().optional(),
    /** Metadata field that groups the rows, e.g. `source`. */
    by: z.string().min(1).optional(),
    /**
     * The most questions of each group, e.g. 500 of each source (OpenVLThinker v3). Rows without
     * the field form one group.
     */
    maxEach: z.int().positive().optional(),
    /**
     * Decides the order. When absent: the recipe's seed mixed with round and step name. Mixes with
     * the same seed have the same order.
     */
    seed: z.int().min(0).optional(),
  })
  .refine(({ by, maxEach }) => (by === undefined) === (maxEach === undefined), {
    path: ['maxEach'],
    error: 'say by and maxEach together: by: source, maxEach: 500',
  })

/**
 * Joins datasets in the shares that the recipe asks for, and shuffles the questions. Rows of one
 * question stay side by side, so that later steps find them together. With weights no row is used
 * twice: the scarcest input sets the size.
 */
export const mix: DatasetStep<typeof options> = {
  per: 'dataset',
  options,
  summary: 'join and shuffle datasets, in shares and up to a size',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  groupField: ({ by }) => by ?? null,
  run(rows, { options: { step, name, weights, maxRows, maxEach, seed: ownSeed }, seed }) {
    // The step's name is part of the seed. With the same seed the smaller of two mixes would be a
    // part of the larger mix, and RL would see what SFT has seen.
    const all = shuffled(rows, ownSeed ?? sampleSeed(seed, name ?? step, 0))
    const order = maxEach === undefined ? all : firstOfEach(all, maxEach)
    const kept = weights ? takeShares(order, weights, maxRows ?? rows.length) : order.slice(0, maxRows ?? order.length)
    return Promise.resolve({ kept: kept.map((row) => row.id), droppedReason: 'not-in-mix' })
  },
}

/**
 * Questions in an order that depends only on seed and origin. Within a question: by input, then in
 * the input's order. An id counts once.
 */
function shuffled(rows: readonly RowRef[], seed: number): RowRef[] {
  const byOrigin = new Map<string, Map<string, RowRef>>()
  for (const row of rows) {
    const group = byOrigin.get(row.originId) ?? new Map<string, RowRef>()
    if (!group.has(row.id)) group.set(row.id, row)
    byOrigin.set(row.originId, group)
  }
  return [...byOrigin]
    .map(([origin, group]) => ({ place: sampleSeed(seed, origin, 0), origin, group: [...group.values()] }))
    .sort((a, b) => a.place - b.place || (a.origin < b.origin ? -1 : 1))
    .flatMap(({ group }) => group.sort((a, b) => a.input - b.input))
}

/** All rows of the first `maxEach` questions of each group. */
function firstOfEach(rows: readonly RowRef[], maxEach: number): RowRef[] {
  const taken = new Map<string | null, Set<string>>()
  return rows.filter(({ group, originId }) => {
    const questions = taken.get(group) ?? new Set()
    taken.set(group, questions)
    if (questions.size < maxEach) questions.add(originId)
    return questions.has(originId)
  })
}

/**
 * The first rows of each input up to its share, in the given order. An input without a weight has
 * the weight 1.
 */
function takeShares(rows: readonly RowRef[], weights: readonly number[], maxRows: number): RowRef[] {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(row.input, (counts.get(row.input) ?? 0) + 1)
  const weightOf = (input: number) => weights[input] ?? 1
  const sum = [...counts.keys()].reduce((total, input) => total + weightOf(input), 0)
  // Rows for each unit of weight: as many as the scarcest input has and the limit allows.
  const unit = Math.min(maxRows / sum, ...[...counts].map(([input, count]) => count / weightOf(input)))
  // A little is added, so that 3 × (1/3 of 9) is 3 rows and not 2.
  const left = new Map([...counts.keys()].map((input) => [input, Math.floor(unit * weightOf(input) + 1e-9)]))
  return rows.filter((row) => {
    const more = left.get(row.input) ?? 0
    left.set(row.input, more - 1)
    return more > 0
  })
}

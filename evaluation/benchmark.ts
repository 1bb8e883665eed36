import { contentHash } from '../artifacts/hash.ts'
import { questionText } from '../data/rows/question-text.ts'
import type { BenchmarkSpec, Recipe } from '../domain/recipe/recipe.ts'
import { isEvaluation, isSelection } from '../domain/recipe/step-kinds.ts'
import type { Row } from '../domain/rows.ts'
import type { AskRequest } from '../models/ask.ts'
import type { Grader } from './grader.ts'
import { scoreIdentity } from './score-identity.ts'
import type { ScoreIdentity } from './score-identity.ts'

/** A benchmark of the recipe and its stored items. */
export interface Benchmark {
  name: string
  spec: BenchmarkSpec
  datasetId: string
  /** Content hash of its rows and pictures. */
  revision: string
  items: number
}

/** Name of the measured checkpoint among the endpoints of an evaluation. */
export const measuredEndpoint = 'measured'

/** The benchmarks that a step measures, in order. A selection measures one. */
export function benchmarksOf(recipe: Recipe, step: { step: string }): string[] {
  if (isSelection(step)) return [step.benchmark]
  return (isEvaluation(step) && step.benchmarks) || Object.keys(recipe.benchmarks)
}

/** How many requests of an evaluation may be under way at once. */
export const concurrencyOf = (step: { step: string }): number =>
  isEvaluation(step) || isSelection(step) ? step.concurrency : 128

/** How a step wants its checkpoint served, where the step says so. */
export const servingWishOf = (step: { step: string }) =>
  isEvaluation(step) || isSelection(step) ? step.serve : undefined

/**
 * What the model is asked about one item: the text that it was trained on, decoded as the benchmark
 * says.
 */
export function itemRequest(
  item: Row,
  { temperature, topP, maxTokens }: BenchmarkSpec,
  { promptSuffix, seed }: Pick<Recipe, 'promptSuffix' | 'seed'>,
): AskRequest {
  return {
    endpoint: measuredEndpoint,
    messages: [{ role: 'user', text: questionText(item, promptSuffix), images: item.images }],
    sampling: { temperature, topP, maxTokens, seed },
    sampleIndex: 0,
  }
}

/** What a score on a benchmark is measured with, by a grader. */
export function benchmarkIdentity(
  { spec, revision }: Pick<Benchmark, 'spec' | 'revision'>,
  { promptSuffix }: Pick<Recipe, 'promptSuffix'>,
  grader: Pick<Grader, 'identity'>,
): ScoreIdentity {
  return scoreIdentity({
    benchmarkRevision: revision,
    promptHash: contentHash({ suffix: promptSuffix, form: 'question-choices-v1' }),
    decoding: { temperature: spec.temperature, topP: spec.topP, maxTokens: spec.maxTokens, samples: 1 },
    imageLimits: { minPixels: null, maxPixels: spec.imageMaxPixels },
    ...grader.identity,
  })
}

const shardsOf = ({ items }: Pick<Benchmark, 'items'>, shardRows: number): number => Math.ceil(items / shardRows)

/** Shards that the items of all benchmarks make. A shard holds items of one benchmark. */
export const itemShards = (benchmarks: readonly Pick<Benchmark, 'items'>[], shardRows: number): number =>
  benchmarks.reduce((sum, benchmark) => sum + shardsOf(benchmark, shardRows), 0)

/** The benchmark of a shard, and the places of the shard's items: from `from` to below `to`. */
export function shardItems(
  benchmarks: readonly Benchmark[],
  shard: number,
  shardRows: number,
): { benchmark: Benchmark; from: number; to: number } {
  let within = shard
  for (const benchmark of benchmarks) {
    const shards = shardsOf(benchmark, shardRows)
    if (within < shards) return { benchmark, from: within * shardRows, to: (within + 1) * shardRows }
    within -= shards
  }
  throw new RangeError(`the benchmarks have no shard ${shard}`)
}

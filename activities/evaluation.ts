import { rowsAtOnce } from '../data/shards/run-shard.ts'
import { getDataset, resolveBenchmark } from '../db/datasets.ts'
import type { Database } from '../db/database.ts'
import { findReplies, postgresReplies } from '../db/replies.ts'
import { streamRows } from '../db/rows.ts'
import { findScore, saveScore, scoresOfStep } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { finishStep, openStep } from '../db/steps.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { isSelection } from '../domain/recipe/step-kinds.ts'
import type { Row } from '../domain/rows.ts'
import type { ScoreItem } from '../domain/score.ts'
import { askItems } from '../evaluation/ask-items.ts'
import {
  benchmarkIdentity,
  benchmarksOf,
  concurrencyOf,
  itemRequest,
  itemShards,
  measuredEndpoint,
  servingWishOf,
  shardItems,
} from '../evaluation/benchmark.ts'
import type { Benchmark } from '../evaluation/benchmark.ts'
import { gradeItems } from '../evaluation/grade-items.ts'
import { abstentions, graderOf } from '../evaluation/grader.ts'
import { accuracyOf } from '../evaluation/statistics.ts'
import { contentKey } from '../models/content-key.ts'
import { createEngine } from '../models/engine.ts'
import { openMeter } from './budget.ts'
import type { Deps } from './deps.ts'
import { checkpointEndpoint, measuredCheckpoint } from './endpoints.ts'
import { beating } from './failures.ts'
import type { Activity } from './failures.ts'
import { openGrader } from './graders.ts'
import { openedStepId, stepOfRound } from './recipes.ts'
import type { StepOfRound } from './recipes.ts'
import { scoreSummary } from './summaries.ts'
import type { EvaluationRef, ScoreSummary, ShardPlan, StepCounts, StepRef } from './types.ts'
import { tellingOfWaits } from './waiting.ts'
import { activityWarnings } from './warnings.ts'

/** The benchmarks of a step with their stored items. */
async function storedBenchmarks(db: Database, ref: StepRef, { recipe, step }: StepOfRound): Promise<Benchmark[]> {
  return await Promise.all(
    benchmarksOf(recipe, step).map(async (name) => {
      const spec = recipe.benchmarks[name]
      if (!spec) throw new RangeError(`no benchmark ${name}`)
      const { id, contentHash, rowCount } = await getDataset(db, await resolveBenchmark(db, ref.campaign, name))
      return { name, spec, datasetId: id, revision: contentHash ?? id, items: rowCount ?? 0 }
    }),
  )
}

/**
 * Opens the step and cuts its benchmarks into shards of items. A candidate that has its score is
 * done.
 */
export async function openEvaluation(deps: Deps, ref: EvaluationRef): Promise<ShardPlan> {
  const context = await stepOfRound(deps.db, ref)
  const { recipe, step, index } = context
  const opened = await openStep(deps.db, {
    ...ref,
    name: ref.step,
    kind: step.step,
    ordinal: index,
    spec: step,
    inputs: [],
  })
  const benchmarks = await storedBenchmarks(deps.db, ref, context)
  const { shardRows, lanes } = recipe.limits
  const scored = isSelection(step) ? await scoresOfStep(deps.db, opened.stepId, step.benchmark) : []
  return {
    shards: itemShards(benchmarks, shardRows),
    lanes,
    isDone: opened.status === 'done' || scored.some((score) => score.checkpointId === ref.candidate),
  }
}

/**
 * Asks the checkpoint the items of one shard, and the benchmark's grader where it asks a model.
 * All replies are kept. The grading at the end reads them and pays for nothing again.
 */
export async function runEvaluationShard(deps: Deps, ref: EvaluationRef & { shard: number }): Promise<StepCounts> {
  return await beating(async ({ signal, progress, watch }) => {
    const context = await stepOfRound(deps.db, ref)
    const { recipe } = context
    const stepId = await openedStepId(deps.db, ref)
    const benchmarks = await storedBenchmarks(deps.db, ref, context)
    const { benchmark, ...places } = shardItems(benchmarks, ref.shard, recipe.limits.shardRows)
    const { spec } = benchmark
    const stop = AbortSignal.any([signal, deps.shutdown])
    const meter = await openMeter(deps.db, ref.campaign, recipe)
    meter.check()
    const endpoint = await measured(deps, ref, context, { benchmark, activity: { signal: stop, progress } })
    const engine = createEngine({
      endpoints: [endpoint],
      replies: postgresReplies(deps.db, stepId),
      images: deps.images,
      signal: stop,
      onUsage: (usage) => meter.onUsage(usage),
      onWarning: activityWarnings(),
    })
    const grader = await openGrader(deps, ref, graderOf(recipe, spec), { stepId, meter, signal: stop })
    try {
      const items: Row[] = []
      for await (const row of streamRows(deps.db, benchmark.datasetId, places)) items.push(row)
      const { answered, failed } = await tellingOfWaits({ db: deps.db, stepId, watch }, async (show) => {
        show({ waiting: () => engine.waiting() ?? grader.waiting() })
        return await askItems({
          items,
          window: Math.max(rowsAtOnce([endpoint]), grader.window),
          request: (item) => itemRequest(item, spec, recipe),
          ask: (request) => engine.ask(request),
          grade: grader.asksModel ? grader.grade : null,
          admits: () => meter.admits(),
          onProgress: (done) => progress({ done, total: items.length, step: ref.step }),
        })
      })
      // Items that were not begun have no reply: the shard is not done.
      if (answered + failed < items.length) meter.check()
      return { rowsIn: items.length, kept: answered, dropped: 0, failed }
    } finally {
      await grader.close()
      await engine.close()
    }
  })
}

/** The measured checkpoint's endpoint. Its servers are brought up where they are not up yet. */
async function measured(
  deps: Deps,
  ref: EvaluationRef,
  { step }: StepOfRound,
  { benchmark, activity }: { benchmark: Benchmark; activity: Pick<Activity, 'signal' | 'progress'> },
) {
  const checkpoint = await measuredCheckpoint(deps, ref)
  const { imageMaxPixels } = benchmark.spec
  const settings = { name: measuredEndpoint, concurrency: concurrencyOf(step), timeoutSeconds: 600, imageMaxPixels }
  return await checkpointEndpoint(deps, ref, checkpoint, settings, { wish: servingWishOf(step), activity })
}

/** Grades every item and stores the results, a score for each benchmark that has no score yet. */
export async function finishEvaluation(deps: Deps, ref: EvaluationRef): Promise<ScoreSummary[]> {
  return await beating(async (activity) => {
    const context = await stepOfRound(deps.db, ref)
    const stepId = await openedStepId(deps.db, ref)
    const { id: checkpointId } = await measuredCheckpoint(deps, ref)
    const summaries: ScoreSummary[] = []
    for (const benchmark of await storedBenchmarks(deps.db, ref, context)) {
      const { name, spec } = benchmark
      activity.progress({ benchmark: name })
      const identity = benchmarkIdentity(benchmark, context.recipe, graderOf(context.recipe, spec))
      const which = { stepId, benchmark: name, identityHash: identity.hash, checkpointId }
      const score = async (): Promise<ScoreRecord> => {
        const items = await gradedItems(deps, ref, context.recipe, { benchmark, stepId, checkpointId, activity })
        const { campaign, round } = ref
        return await saveScore(deps.db, {
          ...which,
          campaign,
          round,
          role: spec.role,
          identity,
          ...accuracyOf(items),
          items,
        })
      }
      summaries.push(scoreSummary((await findScore(deps.db, which)) ?? (await score())))
    }
    if (ref.candidate === undefined) await finishStep(deps.db, stepId, 'done')
    return summaries
  })
}

interface Grading {
  benchmark: Benchmark
  stepId: number
  checkpointId: string
  activity: Pick<Activity, 'signal' | 'progress'>
}

async function gradedItems(
  deps: Deps,
  ref: EvaluationRef,
  recipe: Recipe,
  { benchmark, stepId, checkpointId, activity: { signal, progress } }: Grading,
): Promise<ScoreItem[]> {
  const { name, spec, datasetId } = benchmark
  const model = { identity: checkpointId, imageMaxPixels: spec.imageMaxPixels }
  const meter = await openMeter(deps.db, ref.campaign, recipe)
  const stop = AbortSignal.any([signal, deps.shutdown])
  const grader = await openGrader(deps, ref, graderOf(recipe, spec), { stepId, meter, signal: stop })
  try {
    return await gradeItems({
      items: streamRows(deps.db, datasetId),
      keyOf: (item) => contentKey({ ...itemRequest(item, spec, recipe), ...model }),
      findReplies: (keys) => findReplies(deps.db, keys),
      grade: grader.grade,
      window: grader.window,
      check() {
        stop.throwIfAborted()
        // Rules and stored replies cost nothing: a reached budget does not hold them up.
        if (grader.hasPaid()) meter.check()
      },
      onProgress: (items) => progress({ benchmark: name, items: items.length, abstained: abstentions(items) }),
    })
  } finally {
    await grader.close()
  }
}

import { contentHash } from '../artifacts/hash.ts'
import { getDataset, resolveBenchmark } from '../db/datasets.ts'
import type { Database } from '../db/database.ts'
import { findReplies, postgresReplies } from '../db/replies.ts'
import { streamRows } from '../db/rows.ts'
import { findScore, saveScore, scoresOfStep } from '../db/scores.ts'
import type { ScoreItem } from '../db/scores.ts'
import { finishStep, findStep, openStep } from '../db/steps.ts'
import { questionText } from '../data/rows/question-text.ts'
import type { BenchmarkSpec, Recipe } from '../domain/recipe/recipe.ts'
import { isEvaluation, isSelection } from '../domain/recipe/step-kinds.ts'
import type { Row } from '../domain/rows.ts'
import { scoreIdentity } from '../evaluation/score-identity.ts'
import { wilson } from '../evaluation/statistics.ts'
import { RowProblem } from '../domain/row-problem.ts'
import type { AskRequest } from '../models/ask.ts'
import { contentKey } from '../models/content-key.ts'
import { createEngine } from '../models/engine.ts'
import type { Judge } from '../verifier/judge/judge.ts'
import { verifierVersion } from '../verifier/verdict.ts'
import { openMeter } from './budget.ts'
import { beating } from './failures.ts'
import type { Deps } from './deps.ts'
import { checkpointEndpoint, measuredCheckpoint } from './endpoints.ts'
import { abstentions, benchmarkJudgeVersion, gradeReply, openBenchmarkJudge } from './grading.ts'
import { stepContext } from './recipes.ts'
import type { StepContext } from './recipes.ts'
import { scoreSummary } from './summaries.ts'
import type { EvaluationRef, ScoreSummary, ShardPlan, StepCounts, StepRef } from './types.ts'

/** A benchmark as an evaluation asks it. */
interface Benchmark {
  name: string
  spec: BenchmarkSpec
  datasetId: string
  revision: string
  items: number
}

const endpointName = 'measured'

async function benchmarksOf(db: Database, ref: StepRef, { recipe, step }: StepContext): Promise<Benchmark[]> {
  const wanted = isSelection(step)
    ? [step.benchmark]
    : (isEvaluation(step) && step.benchmarks) || Object.keys(recipe.benchmarks)
  return await Promise.all(
    wanted.map(async (name) => {
      const spec = recipe.benchmarks[name]
      if (!spec) throw new RangeError(`no benchmark ${name}`)
      const dataset = await getDataset(db, await resolveBenchmark(db, ref.campaign, name))
      return {
        name,
        spec,
        datasetId: dataset.id,
        revision: dataset.contentHash ?? dataset.id,
        items: dataset.rowCount ?? 0,
      }
    }),
  )
}

/** What the model is asked for one item: exactly what it was trained on, decoded as the benchmark says. */
function requestFor(item: Row, spec: BenchmarkSpec, recipe: Recipe): AskRequest {
  return {
    endpoint: endpointName,
    messages: [{ role: 'user', text: questionText(item, recipe.promptSuffix), images: item.images }],
    sampling: { temperature: spec.temperature, topP: spec.topP, maxTokens: spec.maxTokens, seed: recipe.seed },
    sampleIndex: 0,
  }
}

const concurrencyOf = ({ step }: StepContext): number =>
  isEvaluation(step) || isSelection(step) ? step.concurrency : 128

const servingWishOf = ({ step }: StepContext) => (isEvaluation(step) || isSelection(step) ? step.serve : undefined)

const shardsOf = (benchmark: Benchmark, shardRows: number): number => Math.ceil(benchmark.items / shardRows)

/** Opens the step and cuts its benchmarks into shards of items. A candidate that has its score is done. */
export async function openEvaluation(deps: Deps, ref: EvaluationRef): Promise<ShardPlan> {
  const context = await stepContext(deps.db, ref)
  const { recipe, step, index } = context
  const opened = await openStep(deps.db, {
    ...ref,
    name: ref.step,
    kind: step.step,
    ordinal: index,
    spec: step,
    inputs: [],
  })
  const benchmarks = await benchmarksOf(deps.db, ref, context)
  const { shardRows, lanes } = recipe.limits
  const scored = isSelection(step) ? await scoresOfStep(deps.db, opened.stepId, step.benchmark) : []
  return {
    shards: benchmarks.reduce((sum, benchmark) => sum + shardsOf(benchmark, shardRows), 0),
    lanes,
    isDone: opened.status === 'done' || scored.some((score) => score.checkpointId === ref.candidate),
  }
}

/**
 * Asks the checkpoint the items of one shard, and the benchmark's judge about what rules leave open of the replies. All
 * replies are kept; grading comes later and pays for nothing again.
 */
export async function runEvaluationShard(deps: Deps, ref: EvaluationRef & { shard: number }): Promise<StepCounts> {
  return await beating(async ({ signal, progress }) => {
    const context = await stepContext(deps.db, ref)
    const { recipe } = context
    const { shardRows } = recipe.limits
    let shard = ref.shard
    let benchmark: Benchmark | undefined
    for (const each of await benchmarksOf(deps.db, ref, context)) {
      benchmark = each
      if (shard < shardsOf(each, shardRows)) break
      shard -= shardsOf(each, shardRows)
    }
    if (!benchmark) throw new RangeError(`evaluation ${ref.step} has no benchmark`)
    const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
    const stop = AbortSignal.any([signal, deps.shutdown])
    const meter = await openMeter(deps.db, ref.campaign, recipe)
    meter.check()
    const { spec } = benchmark
    const { imageMaxPixels } = spec
    const settings = { name: endpointName, concurrency: concurrencyOf(context), timeoutSeconds: 600, imageMaxPixels }
    const wish = servingWishOf(context)
    const serving = { wish, activity: { signal: stop, progress } }
    const endpoint = await checkpointEndpoint(deps, ref, await measuredCheckpoint(deps, ref), settings, serving)
    const engine = createEngine({
      endpoints: [endpoint],
      replies: postgresReplies(deps.db, step?.id ?? null),
      images: deps.images,
      signal: stop,
    })
    const judging = step && (await openBenchmarkJudge(deps, ref, { recipe, benchmark: spec, stepId: step.id }, stop))
    try {
      const items: Row[] = []
      for await (const row of streamRows(deps.db, benchmark.datasetId, {
        from: shard * shardRows,
        to: (shard + 1) * shardRows,
      }))
        items.push(row)
      let done = 0
      const asked = await Promise.all(
        items.map(async (item) => {
          const reply = await engine.ask(requestFor(item, spec, recipe)).catch((error: unknown) => {
            if (error instanceof RowProblem) return null
            throw error
          })
          // Only its replies matter here: the end grades all items together and finds them.
          if (reply && judging) await gradeReply(item, reply, judging.judge)
          progress({ done: ++done, total: items.length, step: ref.step })
          return reply !== null
        }),
      )
      const failed = asked.filter((isAnswered) => !isAnswered).length
      return { rowsIn: items.length, kept: items.length - failed, dropped: 0, failed }
    } finally {
      await judging?.close()
      await engine.close()
    }
  })
}

/** Grades every item and stores the results, one score a benchmark. An item without a reply counts as wrong and says so. */
export async function finishEvaluation(deps: Deps, ref: EvaluationRef): Promise<ScoreSummary[]> {
  return await beating(async ({ signal, progress }) => {
    const context = await stepContext(deps.db, ref)
    const { recipe } = context
    const stop = AbortSignal.any([signal, deps.shutdown])
    const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
    if (!step) throw new RangeError(`evaluation ${ref.step} was not opened`)
    const stepId = step.id
    const checkpoint = await measuredCheckpoint(deps, ref)
    const summaries: ScoreSummary[] = []
    for (const benchmark of await benchmarksOf(deps.db, ref, context)) {
      progress({ benchmark: benchmark.name })
      const { spec } = benchmark
      const identity = scoreIdentity({
        benchmarkRevision: benchmark.revision,
        promptHash: contentHash({ suffix: recipe.promptSuffix, form: 'question-choices-v1' }),
        decoding: { temperature: spec.temperature, topP: spec.topP, maxTokens: spec.maxTokens, samples: 1 },
        imageLimits: { minPixels: null, maxPixels: spec.imageMaxPixels },
        graderVersion: verifierVersion,
        judge: benchmarkJudgeVersion(recipe, spec),
      })
      const which = {
        stepId: step.id,
        benchmark: benchmark.name,
        identityHash: identity.hash,
        checkpointId: checkpoint.id,
      }
      const score = (await findScore(deps.db, which)) ?? (await grade(checkpoint.id))
      summaries.push(scoreSummary(score))

      async function grade(checkpointId: string) {
        const items = await judgedItems(checkpointId)
        const correct = items.filter((item) => item.correct).length
        return await saveScore(deps.db, {
          ...which,
          campaign: ref.campaign,
          round: ref.round,
          checkpointId,
          role: spec.role,
          identity,
          accuracy: items.length === 0 ? 0 : correct / items.length,
          ...wilson(correct, items.length),
          items,
        })
      }

      async function judgedItems(identity: string): Promise<ScoreItem[]> {
        const judging = await openBenchmarkJudge(deps, ref, { recipe, benchmark: spec, stepId }, stop)
        try {
          const graded = await gradedItems(deps.db, benchmark, recipe, { identity, judge: judging?.judge ?? null })
          progress({ benchmark: benchmark.name, items: graded.length, abstained: abstentions(graded) })
          return graded
        } finally {
          await judging?.close()
        }
      }
    }
    if (ref.candidate === undefined) await finishStep(deps.db, step.id, 'done')
    return summaries
  })
}

async function gradedItems(
  db: Database,
  benchmark: Benchmark,
  recipe: Recipe,
  { identity, judge }: { identity: string; judge: Judge | null },
): Promise<ScoreItem[]> {
  const rows: Row[] = []
  for await (const row of streamRows(db, benchmark.datasetId)) rows.push(row)
  const { spec } = benchmark
  const { imageMaxPixels } = spec
  const keys = rows.map((row) => contentKey({ ...requestFor(row, spec, recipe), identity, imageMaxPixels }))
  const replies = await findReplies(db, keys)
  const graded = rows.map(async (row, index): Promise<ScoreItem> => {
    const reply = replies.get(keys[index] ?? '')
    if (!reply)
      return {
        itemId: row.id,
        correct: false,
        verdict: 'unverifiable',
        reason: 'no-reply',
        extracted: null,
        requestKey: null,
        truncated: false,
      }
    const grade = await gradeReply(row, reply, judge)
    return { itemId: row.id, ...grade, requestKey: reply.key, truncated: reply.finishReason === 'length' }
  })
  return await Promise.all(graded)
}

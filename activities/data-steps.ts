import { rowsAtOnce, runDatasetStep, runShard } from '../data/shards/run-shard.ts'
import { dataSteps } from '../data/steps/registry.ts'
import type { DataStep } from '../data/steps/step.ts'
import { openDataset, resolveDataset, sealDataset } from '../db/datasets.ts'
import { commitOutcomes, commitSelection } from '../db/outcomes.ts'
import { postgresReplies } from '../db/replies.ts'
import { datasetRefs, shardCount } from '../db/shards.ts'
import { findStep, finishStep, openStep, rowsWithoutOutput, stepCounts, stepInputIds } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import { stepKey } from '../domain/ids.ts'
import { endpointsOf } from '../domain/recipe/references.ts'
import { inputsOf, roundSeed } from '../domain/recipe/round-plan.ts'
import { createEngine } from '../models/engine.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { openMeter } from './budget.ts'
import type { Deps } from './deps.ts'
import { resolveEndpoint } from './endpoints.ts'
import { evidenceIn, overviewOf } from './evidence.ts'
import { beating } from './failures.ts'
import type { Activity } from './failures.ts'
import { stepContext } from './recipes.ts'
import type { StepContext } from './recipes.ts'
import { followed, readStretch, stretchOf } from './stretch.ts'
import type { ShardPlan, StepCounts, StepRef, StretchCounts } from './types.ts'

const datasetId = (ref: StepRef): string => stepKey(ref.campaign, ref.round, ref.step)

function definitionOf(context: StepContext): DataStep {
  const definition = dataSteps[context.step.step]
  if (definition) return definition
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `this worker knows no data step "${context.step.step}"`,
    nextStep: 'run a worker of the version that started the campaign',
  })
}

const shardContext = (context: StepContext) => ({
  options: context.step,
  seed: roundSeed(context.recipe, context.round.number),
  promptSuffix: context.recipe.promptSuffix,
})

/** Opens a step's dataset and cuts its input into shards. A step that chooses among whole datasets has run when this returns. */
export async function openDataStep(deps: Deps, ref: StepRef): Promise<ShardPlan> {
  return await beating(async () => {
    const context = await stepContext(deps.db, ref)
    const { recipe, step, steps, index } = context
    const definition = definitionOf(context)
    const inputs = await Promise.all(
      inputsOf(steps, index).map((name) => resolveDataset(deps.db, ref.campaign, ref.round, name)),
    )
    // What a step weighs because it goes in is on record as such.
    const isInput = 'evidence' in definition && definition.evidence?.of === 'inputs'
    const weighed = isInput ? [] : (await evidenceIn(deps.db, ref, context)).map((each) => each.datasetId)
    const opened = await openStep(deps.db, {
      ...ref,
      name: ref.step,
      kind: step.step,
      ordinal: index,
      spec: step,
      inputs,
      evidence: weighed,
    })
    const { shardRows, lanes } = recipe.limits
    if (opened.status === 'done') return { shards: 0, lanes, isDone: true }
    await openDataset(deps.db, { id: datasetId(ref), stepId: opened.stepId, name: ref.step })
    if (definition.per !== 'dataset') {
      const shards = await shardCount(deps.db, { inputDatasetIds: inputs, shardRows })
      return { shards, lanes, stretch: stretchOf(shards, lanes), isDone: false }
    }
    const by = 'by' in step && typeof step.by === 'string' ? step.by : null
    const selection = await runDatasetStep(definition, await datasetRefs(deps.db, inputs, by), shardContext(context))
    await commitSelection(deps.db, datasetId(ref), { inputDatasetIds: inputs, ...selection })
    return { shards: 0, lanes, isDone: false }
  })
}

/**
 * Runs what a stretch of shards has left to do, as one window: the last rows of a shard hold up nothing. Finished rows are
 * in Postgres at once; a retry finds them there.
 */
export async function runDataShard(
  deps: Deps,
  ref: StepRef & { shard: number; shards?: number },
): Promise<StretchCounts> {
  return await beating(async ({ signal, progress }) => {
    const context = await stepContext(deps.db, ref)
    const definition = definitionOf(context)
    if (definition.per === 'dataset') throw new RangeError(`${ref.step} has no shards`)
    const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
    if (!step) throw new RangeError(`${ref.step} was not opened`)
    const stretch = readStretch(deps.db, ref, {
      inputDatasetIds: await stepInputIds(deps.db, step.id),
      shardRows: context.recipe.limits.shardRows,
      per: definition.per,
      outputDatasetId: datasetId(ref),
    })
    const first = await stretch.batches.next()
    const none = { rowsIn: 0, kept: 0, dropped: 0, failed: 0 }
    if (first.done === true) return { ...none, shards: stretch.read().shards }
    const stop = AbortSignal.any([signal, deps.shutdown])
    const meter = await openMeter(deps.db, ref.campaign, context.recipe)
    meter.check()
    const endpoints = await resolveEndpoints(deps, ref, context, { signal: stop, progress })
    const overview = await overviewOf(deps, ref, context, definition)
    const engine = createEngine({
      endpoints,
      replies: postgresReplies(deps.db, step.id),
      images: deps.images,
      signal: stop,
      onUsage: (usage) => meter.onUsage(usage),
      priority: priorityOf(context),
    })
    try {
      const counts = await runShard({
        step: definition,
        rows: followed(first.value, stretch.batches),
        context: {
          ...shardContext(context),
          overview,
          fingerprintsOf: deps.memory.fingerprintsOf,
          ask: (request) => engine.ask(request),
          modelOf: (name) => endpoints.find((endpoint) => endpoint.name === name)?.model ?? name,
        },
        concurrency: rowsAtOnce(endpoints),
        commit: async (outcomes) => {
          await commitOutcomes(deps.db, datasetId(ref), outcomes.map(committed))
        },
        onProgress: (now) =>
          progress({ done: now.rows, total: stretch.read().rows, step: ref.step, failed: now.failed }),
        admits: () => meter.admits(),
        signal: stop,
      })
      meter.check()
      const { rows, shards } = stretch.read()
      return { rowsIn: rows, ...counts, shards }
    } finally {
      await engine.close()
    }
  })
}

const priorityOf = ({ step }: StepContext): number =>
  'priority' in step && typeof step.priority === 'number' ? step.priority : 0

type ShardOutcome = Parameters<Parameters<typeof runShard>[0]['commit']>[0][number]

const committed = (outcome: ShardOutcome) =>
  outcome.status === 'failed' ? { ...outcome, changes: {}, requestKeys: [] } : outcome

/** The endpoints that a step's options name, each once; steps without one make no calls. */
async function resolveEndpoints(
  deps: Deps,
  ref: StepRef,
  { recipe, step }: StepContext,
  { signal, progress }: Pick<Activity, 'signal' | 'progress'>,
): Promise<ResolvedEndpoint[]> {
  const resolved: ResolvedEndpoint[] = []
  // One after the other: two names may stand for one checkpoint, which is brought up once.
  for (const name of new Set(endpointsOf(step).map(({ endpoint }) => endpoint))) {
    const spec = recipe.endpoints[name]
    if (spec) resolved.push(await resolveEndpoint(deps, ref, name, spec, signal, progress))
  }
  return resolved
}

/** Ends a data step: its dataset is sealed for ever. Too many failed rows or nothing left ends the round, with the reasons. */
export async function sealDataStep(deps: Deps, ref: StepRef): Promise<StepCounts> {
  return await beating(async () => {
    const { recipe } = await stepContext(deps.db, ref)
    const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
    if (!step) throw new RangeError(`${ref.step} was not opened`)
    const counts = await stepCounts(deps.db, step.id)
    const share = (100 * counts.failed) / Math.max(1, counts.rowsIn)
    const fail = async (
      type: 'TooManyFailedRows' | 'StepIncomplete' | 'EmptyDataset',
      message: string,
      nextStep: string,
    ) => {
      await finishStep(deps.db, step.id, 'failed', message)
      throw new HoneError({ type, message, nextStep })
    }
    if (share > recipe.limits.failedRowsPercent)
      await fail(
        'TooManyFailedRows',
        `${counts.failed} of ${counts.rowsIn} rows of ${ref.step} failed (${said(counts.failedByReason)}); the limit is ${recipe.limits.failedRowsPercent} %`,
        'mend the cause, or raise limits.failedRowsPercent in the recipe of a new campaign',
      )
    const missing = await rowsWithoutOutput(deps.db, step.id)
    if (missing > 0)
      await fail(
        'StepIncomplete',
        `${missing} of ${counts.rowsIn} rows of ${ref.step} have no outcome`,
        `go on with it: hone resume ${ref.campaign}; rows that are done stay done`,
      )
    if (counts.kept === 0)
      await fail(
        'EmptyDataset',
        `${ref.step} kept none of ${counts.rowsIn} rows (${said({ ...counts.droppedByReason, ...counts.failedByReason })})`,
        'look at its rows with `hone show`; the step before it or its options do not fit the data',
      )
    await sealDataset(deps.db, datasetId(ref))
    await finishStep(deps.db, step.id, 'done')
    const { rowsIn, kept, dropped, failed } = counts
    return { rowsIn, kept, dropped, failed }
  })
}

const said = (reasons: Record<string, number>): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || 'no rows came in'

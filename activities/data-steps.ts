import { parseOptions, runDatasetStep } from '../data/shards/run-shard.ts'
import { runStretch } from '../data/shards/run-stretch.ts'
import { stepEndRefusal } from '../data/shards/step-end.ts'
import { followed, readStretch, stretchOf } from '../data/shards/stretch.ts'
import { dataStepNamed } from '../data/steps/registry.ts'
import { postgresBatches } from '../db/batches.ts'
import { openDataset, resolveDataset, sealDataset } from '../db/datasets.ts'
import { commitOutcomes, commitSelection } from '../db/outcomes.ts'
import { postgresReplies } from '../db/replies.ts'
import { datasetRefs, shardCount, shardInputs } from '../db/shards.ts'
import { finishStep, openStep, rowsWithoutOutput, stepCounts, stepInputIds } from '../db/steps.ts'
import { stepKey } from '../domain/ids.ts'
import { endpointsOf } from '../domain/recipe/references.ts'
import { inputsOf, roundSeed } from '../domain/recipe/round-plan.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { openMeter } from './budget.ts'
import type { Deps } from './deps.ts'
import { resolveEndpoint } from './endpoints.ts'
import { evidenceIn, overviewOf } from './evidence.ts'
import { beating } from './failures.ts'
import type { Activity } from './failures.ts'
import { openedStepId, stepOfRound } from './recipes.ts'
import type { StepOfRound } from './recipes.ts'
import type { ShardPlan, StepCounts, StepRef, StretchCounts } from './types.ts'
import { tellingOfWaits } from './waiting.ts'
import { activityWarnings } from './warnings.ts'

const datasetId = (ref: StepRef): string => stepKey(ref.campaign, ref.round, ref.step)

const shardContext = ({ recipe, round, step }: StepOfRound) => ({
  options: step,
  seed: roundSeed(recipe, round.number),
  promptSuffix: recipe.promptSuffix,
})

/**
 * Opens a step's dataset and cuts its input into shards. A step that chooses among whole datasets
 * has run when this returns.
 */
export async function openDataStep(deps: Deps, ref: StepRef): Promise<ShardPlan> {
  return await beating(async () => {
    const context = await stepOfRound(deps.db, ref)
    const { recipe, step, steps, index } = context
    const definition = dataStepNamed(step.step)
    const inputs = await Promise.all(
      inputsOf(steps, index).map((name) => resolveDataset(deps.db, ref.campaign, ref.round, name)),
    )
    // Inputs that a step weighs are on record as inputs already.
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
    const groupField = definition.groupField?.(parseOptions(definition, step)) ?? null
    const refs = await datasetRefs(deps.db, inputs, groupField)
    const selection = await runDatasetStep(definition, refs, shardContext(context))
    await commitSelection(deps.db, datasetId(ref), { inputDatasetIds: inputs, ...selection })
    return { shards: 0, lanes, isDone: false }
  })
}

/**
 * Runs what a stretch of shards has left to do, as one window: the last rows of a shard hold up
 * nothing. Finished rows are in Postgres at once, and a retry finds them there.
 */
export async function runDataShard(
  deps: Deps,
  ref: StepRef & { shard: number; shards?: number },
): Promise<StretchCounts> {
  return await beating(async ({ signal, progress, watch }) => {
    const { db } = deps
    const context = await stepOfRound(db, ref)
    const definition = dataStepNamed(context.step.step)
    const { per } = definition
    if (per === 'dataset') throw new RangeError(`${ref.step} has no shards`)
    const stepId = await openedStepId(db, ref)
    const { shardRows } = context.recipe.limits
    const query = { inputDatasetIds: await stepInputIds(db, stepId), shardRows, per, outputDatasetId: datasetId(ref) }
    const stretch = readStretch(ref, (shard) => shardInputs(db, { ...query, shard }))
    const first = await stretch.batches.next()
    if (first.done === true) return { rowsIn: 0, kept: 0, dropped: 0, failed: 0, shards: stretch.read().shards }
    const stop = AbortSignal.any([signal, deps.shutdown])
    const meter = await openMeter(db, ref.campaign, context.recipe)
    meter.check()
    const endpoints = await resolveEndpoints(deps, ref, context, { signal: stop, progress })
    const overview = await overviewOf(deps, ref, context, definition)
    const counts = await tellingOfWaits({ db, stepId, watch }, (show) =>
      runStretch({
        step: definition,
        rows: followed(first.value, stretch.batches),
        endpoints,
        context: { ...shardContext(context), overview, fingerprintsOf: deps.memory.fingerprintsOf },
        replies: postgresReplies(db, stepId),
        images: deps.images,
        batches: postgresBatches(db, stepId),
        meter,
        commit: async (outcomes) => void (await commitOutcomes(db, datasetId(ref), outcomes)),
        onProgress: ({ rows, failed }) => progress({ done: rows, total: stretch.read().rows, step: ref.step, failed }),
        onWarning: activityWarnings(),
        watch: show,
        signal: stop,
      }),
    )
    const { rows, shards } = stretch.read()
    return { rowsIn: rows, ...counts, shards }
  })
}

/**
 * The endpoints that a step's options name, each once. Without an endpoint a step makes no calls.
 */
async function resolveEndpoints(
  deps: Deps,
  ref: StepRef,
  { recipe, step }: StepOfRound,
  { signal, progress }: Pick<Activity, 'signal' | 'progress'>,
): Promise<ResolvedEndpoint[]> {
  const resolved: ResolvedEndpoint[] = []
  // One after the other: two names may mean one checkpoint, which is brought up once.
  for (const name of new Set(endpointsOf(step).map(({ endpoint }) => endpoint))) {
    const spec = recipe.endpoints[name]
    if (spec) resolved.push(await resolveEndpoint(deps, ref, name, spec, signal, progress))
  }
  return resolved
}

/**
 * Ends a data step: its dataset is sealed for ever. A step that did not end well ends the round,
 * with the reasons.
 */
export async function sealDataStep(deps: Deps, ref: StepRef): Promise<StepCounts> {
  return await beating(async () => {
    const { recipe } = await stepOfRound(deps.db, ref)
    const stepId = await openedStepId(deps.db, ref)
    const counts = await stepCounts(deps.db, stepId)
    const missing = await rowsWithoutOutput(deps.db, stepId)
    const refusal = stepEndRefusal({ ...ref, ...counts, missing }, recipe.limits)
    if (refusal) {
      await finishStep(deps.db, stepId, 'failed', refusal.message)
      throw refusal
    }
    await sealDataset(deps.db, datasetId(ref))
    await finishStep(deps.db, stepId, 'done')
    const { rowsIn, kept, dropped, failed } = counts
    return { rowsIn, kept, dropped, failed }
  })
}

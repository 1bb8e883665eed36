import { parseOptions } from '../data/shards/run-shard.ts'
import { dataSteps } from '../data/steps/registry.ts'
import type { DataStep } from '../data/steps/step.ts'
import type { Database } from '../db/database.ts'
import { listSources, resolveDataset } from '../db/datasets.ts'
import { streamEvidence } from '../db/rows.ts'
import { stepKey } from '../domain/ids.ts'
import { evidenceOf } from '../domain/recipe/references.ts'
import { inputsOf } from '../domain/recipe/round-plan.ts'
import type { Deps } from './deps.ts'
import type { StepOfRound } from './recipes.ts'
import type { StepRef } from './types.ts'

/**
 * The datasets that a step weighs as a whole: the datasets that its option names, its own inputs,
 * or all benchmarks.
 */
export async function evidenceIn(db: Database, ref: StepRef, { step, steps, index }: StepOfRound) {
  const { campaign, round } = ref
  const definition = dataSteps[step.step]
  const of = (definition && 'evidence' in definition ? definition.evidence?.of : undefined) ?? 'named'
  if (of === 'benchmarks')
    return (await listSources(db, campaign))
      .filter(({ role }) => role === 'benchmark')
      .map(({ name, dataset }) => ({ name, datasetId: dataset.id }))
  const names = of === 'inputs' ? inputsOf(steps, index) : evidenceOf(step)
  return await Promise.all(
    names.map(async (name) => ({ name, datasetId: await resolveDataset(db, campaign, round, name) })),
  )
}

/** What a step makes of the datasets that it weighs as a whole. */
export async function overviewOf(
  deps: Deps,
  ref: StepRef,
  context: StepOfRound,
  definition: DataStep,
): Promise<unknown> {
  const { evidence } = 'evidence' in definition ? definition : {}
  const datasets = evidence ? await evidenceIn(deps.db, ref, context) : []
  // No benchmark is an answer too: then nothing is found in any.
  if (!evidence || (datasets.length === 0 && evidence.of !== 'benchmarks')) return undefined
  const key = `${stepKey(ref.campaign, ref.round, ref.step)} ${datasets.map((each) => each.datasetId).join(' ')}`
  const { overviews, fingerprintsOf } = deps.memory
  const found =
    overviews.get(key) ??
    evidence.reduce(streamEvidence(deps.db, datasets), parseOptions(definition, context.step), { fingerprintsOf })
  overviews.set(key, found)
  found.catch(() => overviews.delete(key))
  return await found
}

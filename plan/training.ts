import { nameOf } from '../domain/recipe/references.ts'
import { jobKey } from '../domain/ids.ts'
import { trainingJobOf } from '../domain/recipe/jobs.ts'
import { usualMaxPixels } from '../domain/recipe/recipe.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import type { RlStep, SftStep } from '../domain/recipe/steps.ts'
import { phaseInputs, roundSeed, startOf } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { isSft, phasesOf } from '../domain/recipe/step-kinds.ts'
import { findProduct } from '../jobs/product.ts'
import { plannedPlace } from '../jobs/site/site.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { recipeStage, rewardOf } from '../trainers/recipe-stage.ts'
import { inPhase } from '../trainers/stage-settings.ts'
import type { TrainingStage } from '../trainers/stage.ts'
import type { StageFacts, StageRun, Trainer } from '../trainers/trainer.ts'
import { judging } from './calls.ts'
import type { JobPlan, TrainingPlan } from './campaign-plan.ts'
import { known } from './count.ts'
import type { Count } from './count.ts'
import { snapshotsOf } from './evaluation.ts'
import { joined } from './flow.ts'
import type { Flow } from './flow.ts'
import type { Known } from './known.ts'
import { charactersAToken, pictureTokens, textTokens } from './tokens.ts'

/** A training step in its round. */
export interface TrainingPlace {
  recipe: Recipe
  facts: Known
  round: number
  steps: readonly RecipeStep[]
  index: number
  flowOf: (name: string) => Flow
  site: SiteFile
  trainers: Readonly<Record<string, Trainer>>
}

/** The jobs of a training step, in the order in which they run. */
export function planTraining(place: TrainingPlace, step: SftStep | RlStep): TrainingPlan {
  const phases = phasesOf(step)
  const jobs = phases.map((phase, nth) => {
    const from = phaseInputs(place.steps, place.index, phase)
    const flow = joined(from.map(place.flowOf))
    const startFrom = phases[nth - 1] ?? startOf(place.steps, place.index)
    const { recipe, round } = place
    const key = jobKey(recipe.campaign, round, nameOf(step), phase)
    const start = { key, startFrom, from, flow }
    return isSft(step) ? sftJob(place, step, start) : rlJob(place, inPhase(step, step.phases?.[nth]), start)
  })
  return { kind: 'training', name: nameOf(step), step: step.step, jobs }
}

interface Start {
  key: string
  startFrom: string
  from: string[]
  flow: Flow
}

function sftJob(place: TrainingPlace, step: SftStep, start: Start): JobPlan {
  const { flow } = start
  const sequence = promptTokens(place, step, flow) + flow.traceTokens
  const stage = stageOf(place, step, start)
  const job = jobOf(place, step, { start, stage, sequenceTokens: Math.ceil(sequence) })
  const { passes, steps } = job
  const seen =
    step.steps === undefined
      ? known([flow.rows, passes], (rows, times) => rows * times)
      : known([steps], (all) => all * step.batchSize)
  const tokens = known([seen], (rows) => Math.ceil(rows * sequence))
  return {
    ...job,
    calls: [],
    completions: null,
    tokens,
    tokensAQuestion: null,
    ...gpuTime(place, job, hours(tokens, place.recipe.rates?.sftTokensPerGpuSecond)),
  }
}

function rlJob(place: TrainingPlace, step: RlStep, start: Start): JobPlan {
  const { flow } = start
  const completions = step.steps * step.promptsPerStep * step.generations
  const tokens = completions * step.maxCompletionTokens
  const stage = stageOf(place, step, start)
  const sequenceTokens = Math.ceil(promptTokens(place, step, flow) + step.maxCompletionTokens)
  const job = jobOf(place, step, { start, stage, sequenceTokens })
  const kept = snapshotsOf(step).length
  return {
    ...job,
    calls: judging(place.recipe, step.judge, { answers: completions, questionTokens: flow.questionTokens }),
    completions,
    tokens,
    tokensAQuestion: step.maxCompletionTokens * step.generations,
    ...gpuTime(place, job, hours(tokens, place.recipe.rates?.rlTokensPerGpuSecond)),
    disk: { ...job.disk, snapshots: known([job.disk.output], (bytes) => bytes * kept) },
  }
}

/** GPU hours, and their cost at the place's price. */
function gpuTime({ site }: TrainingPlace, { place }: Pick<JobPlan, 'place'>, gpuHours: Count) {
  const planned = plannedPlace(site, place)
  const price = 'level' in planned ? null : planned.pricePerGpuHour
  return {
    gpuHours,
    gpuCost: price && { currency: price.currency, amount: known([gpuHours], (time) => time * price.amount) },
  }
}

/** The variable in which `hone dev` gives the reward server's token to a job. */
const rewardTokenEnv = 'HONE_REWARD_TOKEN'

interface Planned {
  start: Start
  stage: TrainingStage
  sequenceTokens: number
}

/** What SFT and RL jobs share. Folders are placeholders, since nobody knows them before a run. */
function jobOf(place: TrainingPlace, step: SftStep | RlStep, { start, stage, sequenceTokens }: Planned) {
  const { facts, recipe } = place
  const wish = trainingJobOf(recipe, step)
  const found = findProduct('trainer', place.trainers, wish.trainer)
  const planned = plannedPlace(place.site, wish.place)
  const { flow } = start
  const stageFacts: StageFacts = {
    rows: flow.rows,
    model: facts.model,
    sequenceTokens,
  }
  const run = runOf(stage)
  const said = found.product?.check(stage, stageFacts) ?? []
  // What is refused has no command: a trainer without GRPO cannot plan one.
  const able = said.some(({ level }) => level === 'refusal') ? null : found.product
  const command = able?.command(stage, run)
  const estimate = able?.estimate(stage, stageFacts)
  const model: Count = facts.model?.bytes ?? null
  const { env = {}, secretEnv = [] } = command ?? {}
  return {
    key: start.key,
    kind: stage.kind,
    trainer: wish.trainer,
    place: 'level' in planned ? (wish.place ?? place.site.default) : planned.name,
    launcher: 'level' in planned ? null : planned.launcher,
    resources: wish.resources,
    findings: [
      ...(found.refusal ? [found.refusal] : []),
      ...('level' in planned ? [planned] : planned.check(wish.resources)),
      ...said,
    ],
    startFrom: start.startFrom,
    from: start.from,
    rows: flow.rows,
    steps: estimate?.steps ?? null,
    passes: estimate?.passes ?? null,
    sequenceTokens,
    argv: command?.argv ?? [],
    cwd: run.there,
    env: [...Object.keys(env), ...secretEnv],
    secretEnv,
    files: [
      ...Object.entries(able?.settings(stage, run) ?? {}).map(([path, text]) => ({
        path,
        bytes: Buffer.byteLength(text),
      })),
      { path: 'rows', bytes: rowBytes(place, stage, flow) },
    ],
    disk: { output: model, snapshots: known([model], () => 0), checkpoints: estimate?.checkpointBytes ?? null },
    settings: { ...stage.settings },
  }
}

/** An attempt with placeholders for what only a worker knows. */
const runOf = (stage: TrainingStage): StageRun => ({
  key: stage.key,
  here: `RUNS/${stage.key}/attempt-1`,
  there: `RUNS/${stage.key}/attempt-1`,
  see: (path) => path,
  environment: { name: 'plan', python: 'python', env: { PYTHONPATH: 'hone_trainer' }, setup: [], prefix: [] },
  attempt: 1,
  weights: { startFrom: `CHECKPOINTS/${stage.startFrom}`, base: 'CHECKPOINTS/base' },
  reward: stage.kind === 'sft' ? null : { url: 'http://REWARD-SERVER', tokenEnv: rewardTokenEnv, timeoutSeconds: 30 },
  resume: null,
})

const stageOf = ({ recipe, round }: TrainingPlace, step: SftStep | RlStep, { key, startFrom }: Start) =>
  recipeStage(recipe, step, {
    key,
    startFrom,
    base: 'base',
    rowsHash: '',
    seed: roundSeed(recipe, round),
    reward: isSft(step) ? null : rewardOf(step, step.judge === undefined ? undefined : 'JUDGE'),
  })

/** Question, suffix and pictures of a row. */
function promptTokens({ recipe }: TrainingPlace, step: SftStep | RlStep, flow: Flow): number {
  const pictures = flow.images * pictureTokens(step.imageMaxPixels ?? usualMaxPixels)
  return flow.questionTokens + textTokens(recipe.promptSuffix.length) + pictures
}

/** Bytes of a row for its ids and field names, and of the path of each picture. */
const frameBytes = 260
const pictureBytes = 160

/** Bytes of the file of rows, roughly. */
function rowBytes({ recipe }: TrainingPlace, stage: TrainingStage, flow: Flow): Count {
  const text = flow.questionTokens + (stage.kind === 'sft' ? flow.traceTokens : 0)
  const row = frameBytes + pictureBytes * flow.images + charactersAToken * text + recipe.promptSuffix.length
  return known([flow.rows], (rows) => Math.ceil(rows * row))
}

/** GPU hours of a number of tokens; unknown without a rate that the user measured. */
const hours = (tokens: Count, rate: number | undefined): Count =>
  rate === undefined ? null : known([tokens], (value) => value / rate / 3600)

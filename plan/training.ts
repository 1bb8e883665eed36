import { nameOf } from '../domain/recipe-references.ts'
import { jobKey } from '../domain/ids.ts'
import { usualMaxPixels, type Recipe } from '../domain/recipe.ts'
import type { RlStep, SftStep } from '../domain/recipe-steps.ts'
import { isSft, phaseInputs, phasesOf, roundSeed, startOf, type RecipeStep } from '../domain/round-plan.ts'
import { grpoSettingsOf, inPhase, sftSettingsOf } from '../jobs/stage-settings.ts'
import type { TrainerBackend, TrainingStage } from '../jobs/trainer.ts'
import { configText } from '../jobs/trainers/trl.ts'
import { judging } from './calls.ts'
import type { JobPlan, TrainingPlan } from './campaign-plan.ts'
import { known, type Count } from './count.ts'
import { snapshotsOf } from './evaluation.ts'
import { joined, type Flow } from './flow.ts'
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
  backend: TrainerBackend
}

/** The jobs of a training step, in the order they run. */
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
  const { batchSize, epochs } = step
  // transformers' Trainer counts the last, smaller batch of a pass as a step.
  const steps = step.steps ?? known([flow.rows], (rows) => Math.ceil((epochs ?? 1) * Math.ceil(rows / batchSize)))
  const seen = step.steps === undefined ? known([flow.rows], (rows) => rows * (epochs ?? 1)) : step.steps * batchSize
  const sequence = promptTokens(place, step, flow) + flow.traceTokens
  const tokens = known([seen], (rows) => Math.ceil(rows * sequence))
  const stage: TrainingStage = { ...stageOf(place, start), kind: 'sft', rows: none(), settings: sftSettingsOf(step) }
  return {
    ...jobOf(place, start, stage, steps),
    passes: step.steps === undefined ? (epochs ?? 1) : passesOf(seen, flow),
    calls: [],
    completions: null,
    sequenceTokens: Math.ceil(sequence),
    tokens,
    tokensAQuestion: null,
    gpuHours: hours(tokens, place.recipe.rates?.sftTokensPerGpuSecond),
  }
}

function rlJob(place: TrainingPlace, step: RlStep, start: Start): JobPlan {
  const { flow } = start
  const questions = step.steps * step.promptsPerStep
  const completions = questions * step.generations
  const tokens = completions * step.maxCompletionTokens
  const stage: TrainingStage = {
    ...stageOf(place, start),
    kind: 'grpo',
    rows: none(),
    settings: grpoSettingsOf(step),
    reward: {
      url: 'http://REWARD-SERVER',
      tokenEnv: rewardTokenEnv,
      name: step.reward,
      timeoutSeconds: 30,
      onFailure: step.onRewardFailure,
      ...(step.judge !== undefined && { judge: 'JUDGE' }),
    },
  }
  const job = jobOf(place, start, stage, step.steps)
  const kept = snapshotsOf(step).length
  return {
    ...job,
    passes: passesOf(questions, flow),
    calls: judging(place.recipe, step.judge, { answers: completions, questionTokens: flow.questionTokens }),
    completions,
    sequenceTokens: Math.ceil(promptTokens(place, step, flow) + step.maxCompletionTokens),
    tokens,
    tokensAQuestion: step.maxCompletionTokens * step.generations,
    gpuHours: hours(tokens, place.recipe.rates?.rlTokensPerGpuSecond),
    disk: { ...job.disk, snapshots: known([job.disk.output], (bytes) => bytes * kept) },
  }
}

/** The variable under which `hone dev` hands the reward server's token to a job. */
const rewardTokenEnv = 'HONE_REWARD_TOKEN'

// Weights and two moments of AdamW in 32 bits; trainer/hone_trainer/training.py keeps the newest two checkpoints.
const checkpointBytesAParameter = 12
const checkpointsKept = 2

/** What every job has, whatever it trains. Folders are named by placeholders: nobody knows them before a run. */
function jobOf(place: TrainingPlace, start: Start, stage: TrainingStage, steps: Count) {
  const { backend, facts } = place
  const { argv, cwd, env, secretEnv } = backend.command(stage, `RUNS/${start.key}/attempt-1`, 1)
  const model: Count = facts.model?.bytes ?? null
  const written = known([steps], (all) => Math.ceil(all / (stage.settings.saveEverySteps ?? all)))
  return {
    key: start.key,
    kind: stage.kind,
    startFrom: start.startFrom,
    from: start.from,
    rows: start.flow.rows,
    steps,
    argv,
    cwd,
    env: [...Object.keys(env), ...secretEnv],
    secretEnv,
    files: [
      { path: 'config.json', bytes: Buffer.byteLength(configText(stage, cwd)) },
      { path: 'train.jsonl', bytes: rowBytes(place, stage, start.flow) },
    ],
    disk: {
      output: model,
      snapshots: known([model], () => 0),
      checkpoints: known(
        [written, facts.model?.parameters ?? null],
        (count, parameters) => Math.min(checkpointsKept, count) * parameters * checkpointBytesAParameter,
      ),
    },
    settings: { ...stage.settings },
  }
}

const stageOf = ({ recipe, round }: TrainingPlace, { key, startFrom }: Start) => ({
  key,
  startFrom: { path: `CHECKPOINTS/${startFrom}`, hash: '' },
  base: { path: 'CHECKPOINTS/base', hash: '' },
  rowsHash: '',
  seed: roundSeed(recipe, round),
})

async function* none(): AsyncGenerator<never> {
  // A plan has no rows, only their number.
}

/** Question, suffix and pictures of a row. */
function promptTokens({ recipe }: TrainingPlace, step: SftStep | RlStep, flow: Flow): number {
  const pictures = flow.images * pictureTokens(step.imageMaxPixels ?? usualMaxPixels)
  return flow.questionTokens + textTokens(recipe.promptSuffix.length) + pictures
}

/** Ids, field names and the path of a picture by its hash. */
const frameBytes = 260
const pictureBytes = 160

/** The rows' file, roughly. */
function rowBytes({ recipe }: TrainingPlace, stage: TrainingStage, flow: Flow): Count {
  const text = flow.questionTokens + (stage.kind === 'sft' ? flow.traceTokens : 0)
  const row = frameBytes + pictureBytes * flow.images + charactersAToken * text + recipe.promptSuffix.length
  return known([flow.rows], (rows) => Math.ceil(rows * row))
}

const passesOf = (seen: Count, flow: Flow): Count =>
  known([seen, flow.rows], (all, rows) => (rows === 0 ? 0 : all / rows))

/** GPU hours of so many tokens; unknown without a rate that the user measured. */
const hours = (tokens: Count, rate: number | undefined): Count =>
  rate === undefined ? null : known([tokens], (value) => value / rate / 3600)

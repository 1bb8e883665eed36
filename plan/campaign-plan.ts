import type { JobResources } from '../jobs/command.ts'
import type { Finding } from '../jobs/finding.ts'
import type { Count, Sum } from './count.ts'

/** Money at the recipe's prices. */
export interface Cost {
  amount: Count
  currency: string
}

/**
 * Model calls of a step to one endpoint. Prompt tokens are an estimate; the other figures are the
 * most there can be.
 */
export interface CallPlan {
  /** Name in the recipe; `measured` for the checkpoint that an evaluation serves. */
  endpoint: string
  /** Model behind a URL, or `checkpoint <name>`. */
  model: string
  calls: Count
  promptTokens: Count
  completionTokens: Count
  /** Null when the endpoint states no prices. */
  cost: Cost | null
}

export interface DataStepPlan {
  kind: 'data'
  name: string
  step: string
  from: string[]
  rowsIn: Count
  rowsOut: Count
  /** Temporal activities. */
  shards: Count
  calls: CallPlan[]
}

/**
 * An evaluation, or a selection among several weights of a training, which evaluates each of them.
 */
export interface EvaluationPlan {
  kind: 'evaluation'
  name: string
  step: string
  /** Checkpoints that are measured. */
  checkpoints: number
  /** The step that made the checkpoints; null for the base model. */
  of: string | null
  benchmarks: { name: string; items: Count }[]
  shards: Count
  calls: CallPlan[]
}

/** One training job. */
export interface JobPlan {
  /** The job's name in the database, in run folders and in logs. */
  key: string
  kind: 'sft' | 'rl'
  /** The product that trains. */
  trainer: string
  /**
   * The job's place of the site file, and what launches the job there; null without such a place.
   */
  place: string
  launcher: string | null
  resources: JobResources
  /** What trainer and place say about the job. */
  findings: Finding[]
  startFrom: string
  from: string[]
  rows: Count
  /** Optimizer steps. */
  steps: Count
  /** How often each row is seen. */
  passes: Count
  /** Calls of RL's judge, if the rules leave every completion open. */
  calls: CallPlan[]
  /** RL: questions × group size over all steps; null for SFT. */
  completions: Count
  /** The most that one sequence may have: prompt with pictures, and trace or completion. */
  sequenceTokens: number
  /** SFT: tokens of all rows that are seen. RL: tokens of all completions at the cap. */
  tokens: Count
  /** RL: length cap × group size, the tokens that one question may take; null for SFT. */
  tokensAQuestion: Count
  /** Null when the recipe states no rate. */
  gpuHours: Count
  /** Null when the place states no price. */
  gpuCost: Cost | null
  argv: string[]
  cwd: string
  /** Names of the job's variables. A plan never holds their values. */
  env: string[]
  /** Names of the variables that hold secrets. */
  secretEnv: string[]
  files: { path: string; bytes: Count }[]
  disk: {
    /** The trained weights, published. */
    output: Count
    /** Weights of single steps that the recipe keeps. */
    snapshots: Count
    /** Checkpoints to go on from: weights and optimizer, the newest two. */
    checkpoints: Count
  }
  settings: Record<string, unknown>
}

/** Calls of a step, with those of its jobs. */
export const callsOf = (step: StepPlan): CallPlan[] =>
  step.kind === 'gate' ? [] : step.kind === 'training' ? step.jobs.flatMap(({ calls }) => calls) : step.calls

export interface TrainingPlan {
  kind: 'training'
  name: string
  step: 'sft' | 'rl'
  jobs: JobPlan[]
}

export interface GatePlan {
  kind: 'gate'
  name: string
  step: 'gate'
  benchmark: string
  against: string
}

export type StepPlan = DataStepPlan | EvaluationPlan | TrainingPlan | GatePlan

/** What all endpoints are asked, or one endpoint. */
export interface CallTotals {
  calls: Sum
  promptTokens: Sum
  completionTokens: Sum
}

export interface Totals extends CallTotals {
  endpoints: (CallTotals & { endpoint: string; cost: Cost | null })[]
  /** Cost of calls and GPU hours, by currency. Endpoints and places without prices are left out. */
  costs: { currency: string; amount: Sum }[]
  jobs: number
  sftSteps: Sum
  rlSteps: Sum
  completions: Sum
  gpuHours: Sum
  diskBytes: Sum
  shards: Sum
}

export interface RoundPlan {
  /** The first round with these steps. */
  round: number
  /** How many rounds in a row have these steps. */
  times: number
  steps: StepPlan[]
  /** Totals of one round. */
  totals: Totals
}

/** What a campaign would run. */
export interface CampaignPlan {
  campaign: string
  baseModel: string
  /** Null when unknown. */
  modelBytes: Count
  /** The recipe's `rates.gpus`: for reading the GPU hours, not a wish. */
  gpus: Count
  rounds: RoundPlan[]
  /** Totals of all rounds shown, each counted as often as it runs. */
  totals: Totals
  /** What is missing for the figures that are not known. */
  missing: string[]
  /** What the plan assumes where nothing is known, and what it leaves out. */
  assumptions: string[]
  /** What can run but may not be meant. */
  notes: string[]
}

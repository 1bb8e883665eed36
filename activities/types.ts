import type { Budget } from '../domain/budget.ts'
import type { EndpointChanges } from '../domain/recipe/endpoint-changes.ts'
import type { Decision, GateAction } from '../domain/gate.ts'

/** Names one campaign. */
export interface CampaignRef {
  campaign: string
}
/** Names one round. */
export interface RoundRef extends CampaignRef {
  round: number
}
/** Names one step of a round. */
export interface StepRef extends RoundRef {
  step: string
}

/** Names an evaluation: of a step, or of one of the checkpoints that a selection compares. */
export interface EvaluationRef extends StepRef {
  /** Checkpoint id. */
  candidate?: string
}

/** A measured accuracy, small enough to travel. Accuracy and its 95 % interval are fractions. */
export interface ScoreSummary {
  benchmark: string
  n: number
  accuracy: number
  low: number
  high: number
  /** Version of the verifier that graded it. Left out by older workers. */
  verifier?: string
}

/** One line of the campaign's table. */
export interface RoundSummary {
  round: number
  parent: number | null
  status: 'running' | 'closed' | 'cancelled' | 'failed'
  decision: Decision | null
  scores: ScoreSummary[]
  seconds: number | null
}

/** What the loop needs to know to go on, read from Postgres. */
export interface CampaignState {
  status: 'running' | 'paused' | 'finished' | 'failed' | 'cancelled'
  head: number
  /** Rounds that the recipe asks for, counted along the head's ancestors. */
  roundsWanted: number
  rounds: RoundSummary[]
  /**
   * The round to run now: a round that was left open, or a new round on the head; null when the
   * recipe is fulfilled.
   */
  next: { round: number; parent: number | null } | null
}

/** A step that a round is to run. */
export type StepToRun =
  | { kind: 'data'; name: string; step: string; isDone: boolean }
  | { kind: 'training'; name: string; step: 'sft' | 'rl'; phases: string[]; maxHours: number; isDone: boolean }
  | { kind: 'selection'; name: string; isDone: boolean }
  | { kind: 'evaluation'; name: string; isDone: boolean }
  | { kind: 'gate'; name: string; isDone: boolean }

/** What an open round is to run, in order. */
export interface RoundToRun {
  steps: StepToRun[]
}

/** Rows or items that went through a step. */
export interface StepCounts {
  rowsIn: number
  kept: number
  dropped: number
  failed: number
}

/** Counts of a stretch of shards. */
export interface StretchCounts extends StepCounts {
  /** Shards that are done, from the first one on; 1 where it is left out. */
  shards?: number
}

/** How a data step or an evaluation is cut into shards. */
export interface ShardPlan {
  shards: number
  lanes: number
  /** Shards that one activity may take in a row; 1 where it is left out. */
  stretch?: number
  /** True when another run already finished it. */
  isDone: boolean
}

export interface TrainingResult {
  checkpoint: string
  stepsDone: number
  seconds: number
}

/** Checkpoints to compare; `trainStep` is null for a training's end. */
export interface SelectionPlan {
  candidates: { checkpoint: string; trainStep: number | null }[]
  isDone: boolean
}

export interface SelectionResult {
  checkpoint: string
  /** One line for people. */
  summary: string
}

export interface GateResult {
  decision: Decision
  /** What the recipe says to do about it. */
  action: GateAction
  /** One line for people. */
  summary: string
}

/** Database and file work: seconds to minutes. */
export interface IoActivities {
  loadCampaign(input: CampaignRef): Promise<CampaignState>
  setCampaignStatus(input: CampaignRef & { status: CampaignState['status']; reason: string | null }): Promise<void>
  recordCommand(
    input: CampaignRef & {
      kind: 'paused' | 'resumed'
      who: string
      why: string | null
      dedupeKey: string
      budget?: Budget
      endpoints?: EndpointChanges
    },
  ): Promise<void>
  moveHead(
    input: CampaignRef & { to: number; kind: 'advanced' | 'rollback'; who: string; why: string; dedupeKey: string },
  ): Promise<{ from: number; to: number }>
  openRound(input: RoundRef & { parent: number | null }): Promise<RoundToRun>
  closeRound(
    input: RoundRef & { status: 'closed' | 'cancelled' | 'failed'; reason: string | null },
  ): Promise<RoundSummary>
  openDataStep(input: StepRef): Promise<ShardPlan>
  sealDataStep(input: StepRef): Promise<StepCounts>
  openEvaluation(input: EvaluationRef): Promise<ShardPlan>
  finishEvaluation(input: EvaluationRef): Promise<ScoreSummary[]>
  openSelection(input: StepRef): Promise<SelectionPlan>
  finishSelection(input: StepRef): Promise<SelectionResult>
  openTraining(input: StepRef): Promise<{ attemptsSoFar: Record<string, number> }>
  finishTraining(input: StepRef): Promise<void>
  decideGate(input: StepRef): Promise<GateResult>
  stopStep(input: StepRef & { status: 'cancelled' | 'failed'; reason: string }): Promise<void>
  releaseEndpoints(input: StepRef): Promise<void>
}

/** Model calls, a shard at a time. */
export interface InferenceActivities {
  /** Runs at most `shards` shards from `shard` on; 1 where it is left out. */
  runDataShard(input: StepRef & { shard: number; shards?: number }): Promise<StretchCounts>
  runEvaluationShard(input: EvaluationRef & { shard: number }): Promise<StepCounts>
}

/** One training job, on a GPU or a CPU. */
export interface GpuActivities {
  train(input: StepRef & { phase: string; attemptsSoFar: number }): Promise<TrainingResult>
}

/** All activities by the resource they need. */
export interface HoneActivities {
  io: IoActivities
  inference: InferenceActivities
  gpu: GpuActivities
}

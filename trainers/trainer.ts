import type { Command, Environment, RunFolder } from '../jobs/command.ts'
import type { Finding } from '../jobs/finding.ts'
import type { JobLogs, JobStatus } from '../jobs/launchers/contract.ts'
import type { LogSource } from '../jobs/log-source.ts'
import type { WeightsVerdict } from '../jobs/servers/verdict.ts'
import type { RlRow, SftRow } from './rows.ts'
import type { TrainingStage } from './stage.ts'

/** What is known of a stage before it runs. Null where it is not known yet. */
export interface StageFacts {
  rows: number | null
  /** Pictures of a row, on average. */
  imagesPerRow: number
  model: { bytes: number; parameters: number } | null
  /** Longest sequence: prompt, pictures and completion, in tokens. */
  sequenceTokens: number
}

/** What a stage would come to, by the trainer's own arithmetic. Null where a fact is missing. */
export interface StageEstimate {
  steps: number | null
  /** Passes over the rows. */
  passes: number | null
  /** Trainer checkpoints on disk at once, in bytes. */
  checkpointBytes: number | null
  /** Rows (SFT) or completions (GRPO) that a device takes at once. */
  microBatch: number
}

/** Where one attempt at a stage runs, and what it is given. */
export interface StageRun extends RunFolder {
  environment: Environment
  /** Counts from 1. */
  attempt: number
  /** Folders of weights, as this process sees them. */
  weights: { startFrom: string; base: string }
  /**
   * Where completions are scored, as the job reaches it. `tokenEnv` names the variable that holds
   * the token.
   */
  reward: { url: string; tokenEnv: string | null; timeoutSeconds: number } | null
  /** A complete trainer checkpoint of an earlier attempt at the same stage, to go on from. */
  resume: SavedState | null
}

/** A file that a job reads: path relative to its folder. */
export interface PlannedFile {
  path: string
  hash: string
  bytes: number
}

/** What {@link Trainer.materialize} wrote. */
export interface Manifest {
  files: PlannedFile[]
  rows: number
}

/** Optimizer state and weights from which a job can go on. */
export interface SavedState {
  step: number
  /** As this process sees it. */
  path: string
  /** Whole, so that a job may go on from it. */
  complete: boolean
  /** Processes that wrote it; null where the trainer can go on with any number of them. */
  world: number | null
}

/**
 * A failure that the end of a log gives away. Without a `nextStep` another attempt may well
 * succeed.
 */
export interface KnownFailure {
  pattern: RegExp
  reason: string
  nextStep?: string
}

/** What only one product's failures look like. */
export interface ProductFailures {
  /** Looked at before the failures that all products share. */
  known?: readonly KnownFailure[]
  /** Exit code by which the product says that its input cannot be used; its last line says why. */
  unusableInput?: number
}

/** What a trainer's files say about an ended job. Exit code 0 alone is no success. */
export type TrainerVerdict =
  | {
      outcome: 'ok'
      /**
       * Folder of whole Hugging Face weights, as this process sees it; there once `finalize` ran,
       * if there is any.
       */
      output: string
      stepsDone: number
      /** Rows that the trainer says it read; null where it does not say. */
      rowsRead: number | null
      seconds: number
      /**
       * What the trainer itself found on loading its weights anew, in its own environment. The
       * `verify` job is left out where the serving environment is the same one.
       */
      verified: WeightsVerdict | null
    }
  | { outcome: 'retryable'; reason: string }
  | { outcome: 'fatal'; reason: string; nextStep: string }

/**
 * Plans jobs of one training product and reads what they leave. Starts no process; a launcher does.
 * The same stage gives the same bytes, so a second call over the same folder changes nothing.
 */
export interface Trainer {
  readonly name: string
  /** Name of the environment that its jobs run in. */
  readonly environment: string
  /**
   * What the trainer cannot do, and what the user should know. `hone plan` and `hone start` print
   * both.
   */
  check(stage: TrainingStage, facts: StageFacts): Finding[]
  estimate(stage: TrainingStage, facts: StageFacts): StageEstimate
  /**
   * The files of settings by relative path, as text: what `hone plan` shows and {@link materialize}
   * writes.
   */
  settings(stage: TrainingStage, run: StageRun): Record<string, string>
  /**
   * Writes dataset and settings into `run.here`. Throws EmptyDataset without rows and InvalidInput
   * for a bad row.
   */
  materialize(stage: TrainingStage, rows: AsyncIterable<SftRow | RlRow>, run: StageRun): Promise<Manifest>
  command(stage: TrainingStage, run: StageRun): Command
  /** Log files of a running job, each with its reader. */
  logs(run: RunFolder): LogSource[]
  /** Newest complete state first. */
  checkpoints(run: RunFolder): Promise<SavedState[]>
  /** Weights that the job kept of single steps, whole ones only, in the order of their steps. */
  snapshots(run: RunFolder): Promise<{ step: number; path: string }[]>
  /**
   * A job of its own that turns what the training left into whole Hugging Face weights (merges
   * shards or adapters); null when the training's output is that already.
   */
  finalize(stage: TrainingStage, run: StageRun): Command | null
  /**
   * Failures of the product's own jobs that its finalize job may show too; none where there is no
   * such job.
   */
  readonly failures?: ProductFailures
  /**
   * What of a job's folder nobody needs once its weights are published: states to go on from, and
   * the weights.
   */
  spent(run: RunFolder): string[]
  /** Judges the training job by what it made. */
  verdict(stage: TrainingStage, run: RunFolder, ended: { status: JobStatus; logs: JobLogs }): Promise<TrainerVerdict>
}

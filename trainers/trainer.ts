import type { Command, Environment, RunFolder } from '../jobs/command.ts'
import type { Finding } from '../jobs/finding.ts'
import type { JobLogs, JobStatus } from '../jobs/launchers/contract.ts'
import type { LogSource } from '../jobs/log-source.ts'
import type { WeightsVerdict } from '../jobs/servers/verdict.ts'
import type { RlRow, SftRow } from './rows.ts'
import type { TrainingStage } from './stage.ts'

/** The facts about a stage before it runs. A fact that is not known yet is null. */
export interface StageFacts {
  rows: number | null
  model: { bytes: number; parameters: number } | null
  /** Longest sequence: prompt, pictures and completion, in tokens. */
  sequenceTokens: number
}

/** The estimate of a stage by the trainer's own arithmetic. Null when a fact is missing. */
export interface StageEstimate {
  steps: number | null
  /** Passes over the rows. */
  passes: number | null
  /** Trainer checkpoints on disk at once, in bytes. */
  checkpointBytes: number | null
  /** Rows (SFT) or completions (GRPO) on a device at once. */
  microBatch: number
}

/** The folder of one attempt at a stage, and the attempt's input. */
export interface StageRun extends RunFolder {
  environment: Environment
  /** Counts from 1. */
  attempt: number
  /** Folders of weights, as this process sees them. */
  weights: { startFrom: string; base: string }
  /**
   * The reward server's address as the job reaches it. `tokenEnv` names the variable that holds the
   * token.
   */
  reward: { url: string; tokenEnv: string | null; timeoutSeconds: number } | null
  /**
   * A complete trainer checkpoint of an earlier attempt at the same stage, from which this attempt
   * resumes.
   */
  resume: SavedState | null
}

/** A file that a job reads. The path is relative to the job's folder. */
export interface PlannedFile {
  path: string
  hash: string
  bytes: number
}

/** The files that {@link Trainer.materialize} wrote. */
export interface Manifest {
  files: PlannedFile[]
  rows: number
}

/** Optimizer state and weights from which a job can resume. */
export interface SavedState {
  step: number
  /** Path as this process sees it. */
  path: string
  /** Whether the state is complete, so that a job may resume from it. */
  complete: boolean
  /**
   * Number of processes that wrote the state. Null when any number of processes can resume from it.
   */
  world: number | null
}

/** A failure that the end of a log reveals. Without a `nextStep` another attempt may succeed. */
export interface KnownFailure {
  pattern: RegExp
  reason: string
  nextStep?: string
}

/** How the failures of one product look. */
export interface ProductFailures {
  /** Checked before the failures that all products share. */
  known?: readonly KnownFailure[]
  /** The product's exit code for unusable input. The last line of its output says why. */
  unusableInput?: number
}

/** The verdict on an ended job by the trainer's files. Exit code 0 alone is no success. */
export type TrainerVerdict =
  | {
      outcome: 'ok'
      /**
       * Folder of complete Hugging Face weights, as this process sees it. When there is a
       * `finalize` job, the folder exists after that job.
       */
      output: string
      stepsDone: number
      /** Rows that the trainer read, by its own count. Null when the trainer does not count. */
      rowsRead: number | null
      seconds: number
      /**
       * The trainer's own check of its weights in its own environment. When that is also the
       * serving environment, no `verify` job runs.
       */
      verified: WeightsVerdict | null
    }
  | { outcome: 'retryable'; reason: string }
  | { outcome: 'fatal'; reason: string; nextStep: string }

/**
 * Plans the jobs of one training product and reads their results. It starts no process; a launcher
 * does. The same stage gives the same bytes, so a second call over the same folder changes nothing.
 */
export interface Trainer {
  readonly name: string
  /** Name of the environment for its jobs. */
  readonly environment: string
  /** Texts in a row that the product takes for files of the row. */
  readonly fileMarks?: readonly string[]
  /**
   * Refuses stages that the trainer cannot run, and notes facts for the user. `hone plan` and `hone
   * start` print both.
   */
  check(stage: TrainingStage, facts: StageFacts): Finding[]
  estimate(stage: TrainingStage, facts: StageFacts): StageEstimate
  /**
   * The settings files as text by relative path. `hone plan` shows them, and {@link materialize}
   * writes them.
   */
  settings(stage: TrainingStage, run: StageRun): Record<string, string>
  /**
   * Writes dataset and settings into `run.here`. Throws EmptyDataset without rows, and InvalidInput
   * for a bad row.
   */
  materialize(stage: TrainingStage, rows: AsyncIterable<SftRow | RlRow>, run: StageRun): Promise<Manifest>
  command(stage: TrainingStage, run: StageRun): Command
  /** Log files of a running job, each with its reader. */
  logs(run: RunFolder): LogSource[]
  /** Saved states, with the newest complete state first. */
  checkpoints(run: RunFolder): Promise<SavedState[]>
  /** Kept weights of single steps: complete weights only, in the order of their steps. */
  snapshots(run: RunFolder): Promise<{ step: number; path: string }[]>
  /**
   * A separate job that turns the training's output into complete Hugging Face weights (merges
   * shards or adapters). Null when the output is already complete.
   */
  finalize(stage: TrainingStage, run: StageRun): Command | null
  /**
   * Failures of the product's jobs that its finalize job may show too. Undefined when there is no
   * such job.
   */
  readonly failures?: ProductFailures
  /**
   * Paths in a job's folder that nobody needs after its weights were published: states to resume
   * from, and the weights.
   */
  spent(run: RunFolder): string[]
  /** The verdict on the training job, by its results. */
  verdict(stage: TrainingStage, run: RunFolder, ended: { status: JobStatus; logs: JobLogs }): Promise<TrainerVerdict>
}

/**
 * Permanent failures by name. Each becomes a non-retryable Temporal failure of the same type at the
 * edge of an activity, so a type here is API: people see it in the Web UI and alert on it.
 */
export const permanentFailures = [
  'InvalidRecipe',
  'InvalidSource',
  'InvalidInput',
  'UnknownCampaign',
  'UnknownRound',
  'MissingSecret',
  'EndpointRefused',
  'TooManyFailedRows',
  'EmptyDataset',
  'StepIncomplete',
  'TrainingFailed',
  'TrainingStalled',
  'CheckpointInvalid',
  'JobConflict',
  'LimitExceeded',
  'BudgetReached',
  'StorageFull',
  'PortInUse',
  'ScoresNotComparable',
  'MissingDependency',
  'AlreadyRunning',
] as const

/** Name of a permanent failure. */
export type PermanentFailure = (typeof permanentFailures)[number]

/** Parts of a {@link HoneError}. `nextStep` tells the user what to do. */
export interface HoneErrorInput {
  type: PermanentFailure
  message: string
  nextStep: string
  cause?: unknown
}

/** A failure that a retry cannot mend: what happened, why, and what to do next. */
export class HoneError extends Error {
  readonly type: PermanentFailure
  readonly nextStep: string

  constructor({ type, message, nextStep, cause }: HoneErrorInput) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HoneError'
    this.type = type
    this.nextStep = nextStep
  }
}

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The message and the next step as a person reads them. */
export function describeError(error: unknown): string {
  if (error instanceof HoneError) return `${error.message}\n  → ${error.nextStep}`
  return messageOf(error)
}

/** The system's code of an error, e.g. `ENOENT`; null for an error that has none. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

import type { z } from 'zod'
import type { DataStepSchema } from '../../domain/recipe/recipe.ts'
import type { EndpointOption } from '../../domain/recipe/references.ts'
import type { EvidenceRow, FingerprintsOf, Outcome, Row, RowRef } from '../../domain/rows.ts'
import type { Ask } from '../../models/ask.ts'

/**
 * What a step gets besides its rows. A step reaches the outside only through `ask`: no Temporal, no
 * Postgres, no HTTP, no clock.
 */
export interface StepContext<Options, Overview = unknown> {
  options: Options
  /** The result of the step's own {@link Evidence.reduce}. Undefined without evidence datasets. */
  overview: Overview
  ask: Ask
  /** Fingerprints of pictures by SHA-256. Unknown pictures are missing in the result. */
  fingerprintsOf?: FingerprintsOf
  /** Name of the model behind an endpoint of the recipe, as the endpoint's server calls it. */
  modelOf?: (endpoint: string) => string
  /** The recipe's seed mixed with the round: another round draws fresh samples for the same row. */
  seed: number
  /** Appended to every question that the trained model sees. */
  promptSuffix: string
}

/** Model calls of a step, for plans. */
export interface PlannedCalls {
  /** The option that names the endpoint. */
  option: EndpointOption
  /** Calls for one input row: the maximum where replies decide. */
  perRow: number
  /** Whether the request has the row's pictures. */
  withImages: boolean
  /** The most tokens of one reply. */
  maxTokens: number
  /** Characters of the recipe's own prompt. Absent when the step's template is the prompt. */
  promptCharacters?: number | undefined
}

/** The most that a step costs and yields. Only plans use it, never runs. */
export interface StepEstimate {
  /** Output rows for one input row when no row is dropped. */
  rowsOut: number
  /**
   * The field that the step writes and that later steps read or train on. Absent when the step
   * writes no text.
   */
  writes?: 'description' | 'question' | 'trace'
  calls: readonly PlannedCalls[]
}

interface StepBase<Schema extends DataStepSchema> {
  /** The options as written in a recipe, with `step` (the name), `name` and `from`. */
  options: Schema
  /** One line for `--help`, docs and the UI. */
  summary: string
  estimate(options: z.infer<Schema>): StepEstimate
}

/**
 * How a step that sees one row at a time learns about many rows. Before it runs, whole finished
 * datasets are reduced to one value. All shards and all retries get the same value. `of` chooses
 * the datasets: `named` (the default) are those of the option `evidence`, `inputs` are the step's
 * own inputs, `benchmarks` are all benchmarks of the campaign.
 */
export interface Evidence<Options, Overview> {
  of?: 'named' | 'inputs' | 'benchmarks'
  reduce(
    rows: AsyncIterable<EvidenceRow>,
    options: Options,
    tools?: { fingerprintsOf: FingerprintsOf },
  ): Promise<Overview>
}

/** A step that sees one row at a time. Returns at least one outcome. */
export interface RowStep<Schema extends DataStepSchema = DataStepSchema, Overview = unknown> extends StepBase<Schema> {
  per: 'row'
  evidence?: Evidence<z.infer<Schema>, Overview>
  run(row: Row, context: StepContext<z.infer<Schema>, Overview>): Promise<Outcome[]>
}

/**
 * A step that needs all rows of one question about one picture together, e.g. to choose the
 * shortest trace. Returns one outcome a row.
 */
export interface QuestionStep<Schema extends DataStepSchema = DataStepSchema> extends StepBase<Schema> {
  per: 'question'
  run(rows: readonly Row[], context: StepContext<z.infer<Schema>>): Promise<Outcome[]>
}

/**
 * A step that chooses and orders rows of whole datasets. Returns the ids of the rows that stay, in
 * order. All other rows are dropped.
 */
export interface DatasetStep<Schema extends DataStepSchema = DataStepSchema> extends StepBase<Schema> {
  per: 'dataset'
  /** The metadata field whose values become `RowRef.group`; null when the options name no field. */
  groupField?(options: z.infer<Schema>): string | null
  run(
    rows: readonly RowRef[],
    context: Omit<StepContext<z.infer<Schema>>, 'ask' | 'overview' | 'modelOf'>,
  ): Promise<{ kept: string[]; droppedReason: string }>
}

/** A data step is one file, its tests and a line in the registry. */
export type DataStep<Schema extends DataStepSchema = DataStepSchema> =
  | RowStep<Schema>
  | QuestionStep<Schema>
  | DatasetStep<Schema>

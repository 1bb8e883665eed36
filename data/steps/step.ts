import type { z } from 'zod'
import type { DataStepSchema } from '../../domain/recipe/recipe.ts'
import type { EndpointOption } from '../../domain/recipe/references.ts'
import type { Fingerprint, Outcome, Row } from '../../domain/rows.ts'
import type { Ask } from '../../models/ask.ts'

/** What a step gets besides its rows. `ask` is its only way out: no Temporal, no Postgres, no HTTP, no clock. */
export interface StepContext<Options, Overview = unknown> {
  options: Options
  /** What the step's own {@link Evidence.reduce} made of the datasets named by `evidence`; undefined without any. */
  overview: Overview
  ask: Ask
  /** Looks of pictures by SHA-256; a picture that is not known is left out. Given where the step says `looks`. */
  fingerprintsOf?: FingerprintsOf
  /** Name of the model behind an endpoint of the recipe, as its server knows it. */
  modelOf?: (endpoint: string) => string
  /** Seed of the recipe, the round mixed in: the same row gets fresh samples in another round. */
  seed: number
  /** Appended to every question the trained model sees. */
  promptSuffix: string
}

/** Fingerprints of pictures, many at a time. */
export type FingerprintsOf = (hashes: readonly string[]) => Promise<ReadonlyMap<string, Fingerprint>>

/** A row of an earlier dataset as evidence: dropped and failed rows count too. */
export interface EvidenceRow extends Row {
  /** The dataset's name in the recipe. */
  from: string
  status: 'kept' | 'dropped' | 'failed'
  /** Why it was dropped or failed; null when kept. */
  reason: string | null
}

/** Model calls that a step makes, for plans. */
export interface PlannedCalls {
  /** The option that names the endpoint. */
  option: EndpointOption
  /** Calls for one row that goes in; the most it can be where replies decide. */
  perRow: number
  /** Whether the row's pictures go along. */
  withImages: boolean
  /** The most a reply may have. */
  maxTokens: number
}

/** What a step costs and yields at most: plans are made of it, runs never. */
export interface StepEstimate {
  /** Rows that come out for one that goes in, if none is dropped. */
  rowsOut: number
  /** The text that it writes, and that later steps read or train on; nothing where it is left out. */
  writes?: 'description' | 'question' | 'trace'
  calls: readonly PlannedCalls[]
}

interface StepBase<Schema extends DataStepSchema> {
  /** Options as they stand in a recipe, `step` (the name), `name` and `from` included. */
  options: Schema
  /** One line for `--help`, docs and the UI. */
  summary: string
  estimate(options: z.infer<Schema>): StepEstimate
}

/**
 * How a step that looks at one row at a time learns about many: before it runs, whole datasets (complete by then) are
 * reduced to one value, the same for every shard and every retry. `of` says which: those that the option `evidence`
 * names (the default), the step's own inputs, or all benchmarks of the campaign.
 */
export interface Evidence<Options, Overview> {
  of?: 'named' | 'inputs' | 'benchmarks'
  reduce(
    rows: AsyncIterable<EvidenceRow>,
    options: Options,
    tools?: { fingerprintsOf: FingerprintsOf },
  ): Promise<Overview>
}

/** A step that looks at one row at a time. Returns at least one outcome. */
export interface RowStep<Schema extends DataStepSchema = DataStepSchema, Overview = unknown> extends StepBase<Schema> {
  per: 'row'
  evidence?: Evidence<z.infer<Schema>, Overview>
  run(row: Row, context: StepContext<z.infer<Schema>, Overview>): Promise<Outcome[]>
}

/** A step that needs all rows of one question about one picture together, e.g. to choose the shortest. One outcome a row. */
export interface QuestionStep<Schema extends DataStepSchema = DataStepSchema> extends StepBase<Schema> {
  per: 'question'
  run(rows: readonly Row[], context: StepContext<z.infer<Schema>>): Promise<Outcome[]>
}

/** A row as a dataset step sees it: enough to choose, small enough for hundreds of thousands. */
export interface RowRef {
  id: string
  originId: string
  /** Index into the step's `from`. */
  input: number
  /** What the row's metadata says under the step's option `by`; null without one. */
  group: string | null
}

/** A step that chooses and orders rows of whole datasets. Returns the ids that stay, in order; the rest is dropped. */
export interface DatasetStep<Schema extends DataStepSchema = DataStepSchema> extends StepBase<Schema> {
  per: 'dataset'
  run(
    rows: readonly RowRef[],
    context: Omit<StepContext<z.infer<Schema>>, 'ask' | 'overview' | 'modelOf'>,
  ): Promise<{ kept: string[]; droppedReason: string }>
}

/** A data step: one file, its tests and a line in the registry. */
export type DataStep<Schema extends DataStepSchema = DataStepSchema> =
  | RowStep<Schema>
  | QuestionStep<Schema>
  | DatasetStep<Schema>

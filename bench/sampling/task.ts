import type { Report } from './job.ts'
import type { Picture, PictureKind } from './pictures.ts'

/** One row of a run: a picture and the question about it. */
export interface BenchRow {
  picture: Picture
  text: string
}

/**
 * The work of a client. `spec` is Hone's step (default: `describe`). The other clients get the
 * step's prompt as each row's text.
 */
export interface Task {
  rows: readonly BenchRow[]
  pictures: PictureKind
  baseUrl: string
  concurrency: number
  timeoutSeconds: number
  spec?: { step: string } & Record<string, unknown>
  /** Only for Hone: pictures from this store instead of the bench's store. */
  store?: string
}

/** The result of the rows, from the client's own store if it has a store. */
export interface Outcome {
  kept: number
  lost: Record<string, number>
  /** Rows with more than one result. */
  twice: number
  /** Rows without a result. */
  missing: number
  report: Report | null
}

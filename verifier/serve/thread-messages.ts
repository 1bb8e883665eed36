import type { TraceFormat } from '../format.ts'
import type { RewardName } from '../reward.ts'
import type { Verdict, VerifyCase } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import type { OpenRow } from './open-row.ts'

// What the pool and its threads send each other. Rows cross as structured clones: half the price of
// JSON for long texts.

/**
 * Cells of the shared memory in which a thread says where it is: the place of the row in the chunk,
 * and the bits of the row's format.
 */
export const cells = { row: 0, format: 1 } as const
/** In the row's cell while no row is being verified. */
export const noRow = -1

export interface ThreadData {
  progress: SharedArrayBuffer
}

/** A row that stopped a thread: it is answered without being verified again. */
export interface DeadRow {
  row: number
  format: TraceFormat
}

/**
 * Rows of one score request, as `v8.serialize` writes them. The main thread passes them on unread.
 */
export interface PackedRows {
  bytes: Uint8Array
  rows: number
}

export type ThreadRequest =
  | { task: 'verify'; rows: readonly VerifyCase[]; dead: readonly DeadRow[] }
  | { task: 'score'; reward: RewardName; packed: Uint8Array; dead: readonly DeadRow[] }
  | { task: 'read'; body: Uint8Array; rowsPerChunk: number }

/** Rows in which the rule threw, and the time that the chunk took in milliseconds. */
interface ChunkCost {
  threw: number
  ms: number
}

export interface Verified extends ChunkCost {
  task: 'verify'
  results: VerifiedCase[]
}

/**
 * A row that a judge may be asked about. The text at `at` is its score object and holds no other.
 */
export interface OpenScore {
  at: number
  row: OpenRow
}

/**
 * `scores` are the score objects as JSON. A text may hold a run of them with commas between, so
 * that the main thread only joins the texts.
 */
export interface Scored extends ChunkCost {
  task: 'score'
  scores: string[]
  open: OpenScore[]
  verdicts: Record<Verdict, number>
}

/** `judge` is the id of the judge that the request names, null when the request names no judge. */
export interface ReadBody {
  task: 'read'
  reward: RewardName
  judge: string | null
  chunks: PackedRows[]
}

/** The request itself is wrong; the texts are those of a `HoneError` (InvalidInput). */
export interface Refused {
  task: 'refused'
  message: string
  nextStep: string
}

export interface Ready {
  task: 'ready'
  /** The thread's number with the kernel; null where the kernel does not tell (not Linux). */
  kernelThread: string | null
}

export type ThreadReply = Ready | Verified | Scored | ReadBody | Refused

/** A trace's format in one number, for shared memory. */
export const formatBits = (format: TraceFormat): number => (format.held ? 1 : 0) | (format.explanation ? 2 : 0)
export const formatOfBits = (bits: number): TraceFormat => ({ held: (bits & 1) !== 0, explanation: (bits & 2) !== 0 })

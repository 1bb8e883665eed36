import type { TraceFormat } from '../format.ts'
import type { RewardName } from '../reward.ts'
import type { Verdict, VerifyCase, VerifyResult } from '../verdict.ts'
import type { OpenRow } from './open-row.ts'

/** What the pool and its threads say to each other. Rows cross as structured clones: half the price of JSON for long texts. */

/** Cells of the shared memory in which a thread says what it is at: the row's place in the chunk, and its format's bits. */
export const cells = { row: 0, format: 1 } as const
/** In the row's cell while no row is being judged. */
export const NO_ROW = -1

export type ThreadData = { progress: SharedArrayBuffer }

/** A row that stopped a thread: it is answered without being judged again. */
export type DeadRow = { row: number; format: TraceFormat }

/** Rows of one score request, as `v8.serialize` writes them: the main thread passes them on unread. */
export type PackedRows = { bytes: Uint8Array; rows: number }

export type ThreadRequest =
  | { task: 'judge'; rows: readonly VerifyCase[]; dead: readonly DeadRow[] }
  | { task: 'score'; reward: RewardName; packed: Uint8Array; dead: readonly DeadRow[] }
  | { task: 'read'; body: Uint8Array; rowsPerChunk: number }

/** Rows in which the rule threw, and the time that the chunk took in milliseconds. */
type ChunkCost = { threw: number; ms: number }

export type Judged = { task: 'judge'; results: VerifyResult[] } & ChunkCost
/** A row that a judge may be asked about. Its score object is the text at `at`, and the only one in it. */
export type OpenScore = { at: number; row: OpenRow }
/** `scores` are the score objects as JSON, runs of them with commas between, so that the main thread only joins them. */
export type Scored = {
  task: 'score'
  scores: string[]
  open: OpenScore[]
  verdicts: Record<Verdict, number>
} & ChunkCost
/** `judge` is the id of the judge that the request names, null when it names none. */
export type ReadBody = { task: 'read'; reward: RewardName; judge: string | null; chunks: PackedRows[] }
/** The request itself is wrong; as `HoneError` (InvalidInput) says it. */
export type Refused = { task: 'refused'; message: string; nextStep: string }
export type ThreadReply = { task: 'ready'; kernelThread: string | null } | Judged | Scored | ReadBody | Refused

/** A trace's format in one number, for shared memory. */
export const formatBits = (format: TraceFormat): number => (format.held ? 1 : 0) | (format.explanation ? 2 : 0)
export const formatOfBits = (bits: number): TraceFormat => ({ held: (bits & 1) !== 0, explanation: (bits & 2) !== 0 })

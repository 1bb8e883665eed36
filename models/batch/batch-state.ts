import type { Waiting } from '../outage.ts'

/** A batch that is under way, for people. */
export interface BatchState {
  /** Name of the endpoint in the recipe. */
  endpoint: string
  /** The provider's name of the batch; null before the provider has it. */
  batch: string | null
  /** The provider's word, e.g. `in_progress`; `uploading` or `elsewhere` before or beside it. */
  status: string
  total: number
  /** Requests that the provider has answered, and requests that it could not answer. */
  done: number
  failed: number
  since: Date
  /** When the provider gives it up; null where it does not say. */
  expires: Date | null
  /** What is wrong with the batch API; null while it works. */
  trouble: Waiting | null
}

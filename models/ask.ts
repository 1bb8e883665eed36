import { RowProblem } from '../domain/row-problem.ts'

/** One message of a request. Pictures are named by hash, and come before the text of their turn. */
export interface AskMessage {
  role: 'system' | 'user' | 'assistant'
  text: string
  /** SHA-256 of pictures in the artifact store, in order. */
  images?: readonly string[]
}

/** Sampling parameters. All are always sent, so that a server's defaults never decide. */
export interface Sampling {
  temperature: number
  topP: number
  maxTokens: number
  /** Sent to the server and part of the content key. */
  seed: number
}

/** One model call for one sample. */
export interface AskRequest {
  /** Name of an endpoint of the recipe. */
  endpoint: string
  messages: readonly AskMessage[]
  sampling: Sampling
  /** Which of k samples this is: part of the content key. */
  sampleIndex: number
}

/** A finished reply. A truncated reply says so in `finishReason`, and is never used silently. */
export interface Reply {
  /**
   * SHA-256 over model identity, messages, hashes of pictures, sampling and sample index
   * (content-key.ts).
   */
  key: string
  text: string
  finishReason: 'stop' | 'length' | 'refused'
  promptTokens: number
  completionTokens: number
  /** True when it was paid for earlier. */
  reused: boolean
}

/** A data step's only way out. Throws {@link AskFailure} when this row cannot be answered. */
export type Ask = (request: AskRequest) => Promise<Reply>

/**
 * The request of a row failed for good, with a reason such as `http-400`, `broken-reply` or
 * `deadline`.
 */
export class AskFailure extends RowProblem {
  constructor(reason: string, message: string, cause?: unknown) {
    super(reason, message, cause)
    this.name = 'AskFailure'
  }
}

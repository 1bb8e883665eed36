import { RowProblem } from '../domain/row-problem.ts'

/** One message of a request. Images are named by hash and placed before the text of the user turn that carries them. */
export interface AskMessage {
  role: 'system' | 'user' | 'assistant'
  text: string
  /** SHA-256 of images in the artifact store, in order. */
  images?: readonly string[]
}

/** Sampling parameters, always sent in full so that a server's defaults never decide. */
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

/** A finished reply. `truncated` replies are marked and never silently used. */
export interface Reply {
  /** Content key: SHA-256 over model identity, messages, image hashes, sampling and sample index. */
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

/** The request of a row failed for good, with a reason such as `http-400`, `broken-reply` or `deadline`. */
export class AskFailure extends RowProblem {
  constructor(reason: string, message: string, cause?: unknown) {
    super(reason, message, cause)
    this.name = 'AskFailure'
  }
}

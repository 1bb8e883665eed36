import type { CallOptions } from '../../domain/recipe/call-options.ts'
import type { Headers } from './rate-headers.ts'

/** What came back from a server. */
export interface Answer {
  status: number
  /** By lower-case name. */
  headers: Headers
  /** The body as text. Empty for a stream that was read chunk by chunk. */
  text: string
  /** The body's value, e.g. an assembled stream. The text is parsed where it is absent. */
  value?: unknown
  latencyMs: number
}

/** Size of a request: tokens by estimate (models/usage.ts), and the limit of its reply. */
export interface RequestSize {
  promptTokens: number
  maxTokens: number
}

/** Where a request went. */
export interface AskedOf {
  endpoint: Pick<CallOptions, 'body' | 'maxTokensField'> & {
    name: string
    model: string
    apiKeyEnv?: string | undefined
  }
  baseUrl: string
  /** The key and secret headers, which no text may show. */
  secrets: readonly string[]
}

/** A request, as far as the meaning of its answer depends on it. */
export interface Asked extends AskedOf {
  size: RequestSize
  /** Milliseconds since 1970, for times that a server names. */
  now: number
}

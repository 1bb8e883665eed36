import { z } from 'zod'

/** A request that the server refuses, with the status and the fields of OpenAI's error object. */
export class RefusedRequest extends Error {
  override name = 'RefusedRequest'
  readonly status: 400 | 404 | 413
  readonly code: string
  readonly param: string | null

  constructor(status: 400 | 404 | 413, code: string, param: string | null, message: string) {
    super(message)
    this.status = status
    this.code = code
    this.param = param
  }
}

const partSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
])

const requestSchema = z.object({
  model: z.string(),
  messages: z
    .array(
      z.object({
        role: z.enum(['system', 'developer', 'user', 'assistant']),
        content: z.union([z.string(), z.array(partSchema)]),
      }),
    )
    .min(1),
  n: z.int().min(1).max(64).nullish(),
  seed: z.int().nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stream: z.boolean().nullish(),
})

/**
 * The fields of a chat request that the teacher reads. Temperature, top_p and the rest change
 * nothing for rules.
 */
export interface ChatRequest {
  model: string
  /** All text parts of all messages, each on its own line. */
  text: string
  /** Decoded bytes of all pictures, in order. */
  images: Buffer[]
  samples: number
  seed: number
  maxTokens: number | undefined
}

/** Parses a body of /v1/chat/completions. Throws RefusedRequest that names the wrong field. */
export function readChatRequest(body: unknown): ChatRequest {
  const parsed = requestSchema.safeParse(body)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const param = issue?.path.join('.') ?? ''
    throw new RefusedRequest(400, 'invalid_value', param === '' ? null : param, `${param}: ${issue?.message}`)
  }
  const request = parsed.data
  if (request.stream === true) {
    throw new RefusedRequest(400, 'unsupported_value', 'stream', 'This server does not stream. Leave out `stream`.')
  }
  const parts = request.messages.flatMap(({ content }) =>
    typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content,
  )
  return {
    model: request.model,
    text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    images: parts.flatMap((part) => (part.type === 'image_url' ? [readDataUrl(part.image_url.url)] : [])),
    samples: request.n ?? 1,
    seed: request.seed ?? 0,
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
  }
}

function readDataUrl(url: string): Buffer {
  const data = /^data:image\/[\w.+-]+;base64,([A-Za-z0-9+/]+=*)$/.exec(url)?.[1]
  if (data === undefined) {
    throw new RefusedRequest(
      400,
      'invalid_image_url',
      'messages',
      'A picture must be a data URL such as data:image/png;base64,…; this server fetches nothing.',
    )
  }
  return Buffer.from(data, 'base64')
}

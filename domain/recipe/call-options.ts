import { z } from 'zod'
import { providerNames } from './provider-names.ts'
import { checkHeaders, checkQuery, fromVariable, looksLikeKey, secretPath } from './secrets.ts'
import { own } from '../own.ts'

/** Fields of a request that some servers refuse, so an endpoint may leave them out. */
export const omittableFields = ['seed', 'n', 'temperature', 'top_p', 'max_tokens', 'stream_options'] as const
export type OmittableField = (typeof omittableFields)[number]

/** Formats of pictures in requests. */
export const pictureFormats = ['jpeg', 'png', 'webp', 'gif'] as const
export type PictureFormat = (typeof pictureFormats)[number]

/** Fields of a body that Hone writes itself, with the reason that a refusal gives. */
const ownFields: Readonly<Record<string, string>> = {
  messages: 'the step writes the messages: leave it out, and change the prompt of the step',
  model: 'the endpoint names the model: use its own option model',
  stream: 'streaming is an option of its own: use stream: auto, always or never',
  stream_options: 'Hone asks for the usage of streams itself: leave it out, or omit: [stream_options]',
  seed: 'every sample has a seed of its own: leave it out, or omit: [seed]',
}

type BodyContext = z.core.$RefinementCtx<Record<string, unknown>>

function checkBody(body: Record<string, unknown>, context: BodyContext): void {
  const issue = (path: readonly PropertyKey[], message: string, input?: unknown) =>
    context.addIssue({ code: 'custom', path: [...path], message, input })
  for (const [name, value] of Object.entries(body)) {
    const reason = own(ownFields, name)
    if (reason !== undefined) issue([name], `the body cannot set "${name}": ${reason}`, value)
    if (name === 'n' && value !== 1)
      issue([name], 'the body cannot ask for several replies: set samples in the step, and leave n out', value)
    if (!isJson(value)) issue([name], 'this is not JSON: use text, numbers, true, false, null, lists and maps', value)
  }
  const secret = secretPath(body)
  if (secret) issue(secret, 'this looks like a secret, and a recipe must not hold one: send it in headers, as $NAME')
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value === 'object' && value !== null)
    return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

/**
 * Fields that are added to the body of each request, or replace its fields. Part of its identity.
 */
export const bodyOption = z.record(z.string(), z.unknown()).superRefine(checkBody)

const absolutePath = z.string().regex(/^\/./, 'this is no absolute path: start it with /, as the worker sees it')

const proxyUrl = z
  .string()
  .refine(
    (text) => fromVariable.test(text) || (/^https?:\/\/[^/?#\\\s]/.test(text) && URL.canParse(text)),
    'this is no URL of a proxy: use http://HOST:PORT, or $NAME of the variable that holds it',
  )
  .refine(
    (text) => !/^[a-z]+:\/\/[^/?#\\]*@/i.test(text),
    'its URL holds a user name or a password: put the whole URL into an environment variable, and write $NAME here',
  )

/** Name of an environment variable that holds a key. */
export const nameOfVariable = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'name the environment variable that holds the key, never the key itself')

const command = z
  .string()
  .min(1)
  .refine((text) => !looksLikeKey(text), 'it holds a key: let the command read the key from where it is kept')

/** How the requests of an endpoint with a URL are written and sent. */
export const callOptions = {
  /** Version of Azure's API, for `provider: azure`. */
  apiVersion: z.string().min(1).optional(),
  /** More headers. A value `$NAME` is read from the environment variable NAME at each call. */
  headers: z.record(z.string(), z.string()).superRefine(checkHeaders).optional(),
  /** More parameters of the URL's query; `$NAME` as in headers. */
  query: z.record(z.string(), z.string()).superRefine(checkQuery).optional(),
  /** Fields that are added to a request's body, or replace its fields. Part of its identity. */
  body: bodyOption.optional(),
  /** Fields that are left out of a request's body. Part of its identity. */
  omit: z.array(z.enum(omittableFields)).optional(),
  /** Name of the field that limits a reply's tokens. */
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  /** `auto` streams where the server demands it. */
  stream: z.enum(['auto', 'always', 'never']).optional(),
  /** Longest silence between two chunks of a stream. */
  idleSeconds: z.number().positive().max(3600).optional(),
  /** A server that does not work is waited for so long. */
  outageSeconds: z.number().positive().max(604_800).optional(),
  /** URL of a proxy, or `$NAME` of the variable that holds it. */
  proxy: proxyUrl.optional(),
  /** PEM file of certificate authorities that are trusted beside the system's. */
  caFile: absolutePath.optional(),
  /** Environment variable that holds the key, here and where the worker runs. */
  apiKeyEnv: nameOfVariable.optional(),
  /** File that holds the key; read again when it changes. */
  apiKeyFile: absolutePath.optional(),
  /** Command that prints the key, for tokens that live for a short time. */
  apiKeyCommand: command.optional(),
  /**
   * Larger files of pictures are made smaller. Bytes before base64. Part of a request's identity.
   */
  imageMaxBytes: z.int().min(1024).optional(),
  /** Pictures in other formats are converted to the first one. Part of a request's identity. */
  imageFormats: z.array(z.enum(pictureFormats)).min(1).optional(),
  /** Pictures with a shorter side are enlarged. Pixels. Part of a request's identity. */
  imageMinSide: z.int().min(1).max(4096).optional(),
}

/** How requests are written and sent: the options above, with the provider whose preset counts. */
export const endpointCallOptions = z.object({ provider: z.enum(providerNames).optional(), ...callOptions })
export type CallOptions = z.infer<typeof endpointCallOptions>

/** Limits of a provider's batch API. An absent limit is the provider's usual one. */
export const batchOptions = z.strictObject({
  /** How long the provider may take, e.g. `24h` or `7d`. */
  window: z
    .string()
    .regex(/^[1-9]\d{0,2}[hd]$/, 'give hours or days, e.g. 24h or 7d')
    .optional(),
  /** Requests of one batch. */
  maxRequests: z.int().positive().max(1_000_000).optional(),
  /** Bytes of the file of one batch. */
  maxBytes: z.int().min(1024).optional(),
  /** Seconds between two looks at a batch. */
  pollSeconds: z.number().positive().max(3600).optional(),
})

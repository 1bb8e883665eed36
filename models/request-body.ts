import { randomUUID } from 'node:crypto'
import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import { HoneError } from '../domain/errors.ts'
import type { AskMessage, AskRequest } from './ask.ts'
import { picturesOf } from './endpoint.ts'
import type { RequestImages, ResolvedEndpoint } from './endpoint.ts'
import type { Estimate } from './rate-limit.ts'
import { estimateOf } from './usage.ts'

/** A request as the `openai` client takes it, with its pictures apart. */
export interface RequestBody {
  /** Each picture is a {@link pictureMark}. The field `stream` is the client's. */
  params: Omit<ChatCompletionCreateParams, 'stream'>
  /** Data URLs in plain ASCII, in the order of their marks. */
  pictures: readonly string[]
  /** What the request will take, by its own size. */
  size: Estimate
}

/**
 * The place of a picture in a request's JSON. The transport puts the picture there as a part of its
 * own, so that the text of a picture is the cache's own: neither escaped, nor scanned, nor copied
 * into a larger text. No text of a dataset can hold the mark, because each process makes a new one.
 */
export const pictureMark = `picture:${randomUUID()}`

const dataUrlHead = /^data:image\/[\w.+-]{1,40};base64,/

/**
 * Whether a data URL has no character that means anything to JSON. Five native scans take a quarter
 * of the time of a regular expression over 67 kB, which was the dearest part of a request.
 */
const isPlain = (url: string): boolean =>
  dataUrlHead.test(url.slice(0, 64)) &&
  Buffer.byteLength(url) === url.length &&
  !['"', '\\', '\n', '\r'].some((character) => url.includes(character))

/**
 * The request in the form of chat completions; pictures come before the text of their turn. All
 * sampling parameters are sent, so that a server's defaults never decide, but for the fields that
 * the endpoint leaves out. The endpoint's own fields replace fields of the same name.
 */
export async function requestBody(
  endpoint: ResolvedEndpoint,
  request: AskRequest,
  images: RequestImages,
): Promise<RequestBody> {
  const { temperature, topP, maxTokens, seed } = request.sampling
  const { omit = [], maxTokensField = 'max_tokens' } = endpoint
  const isSent = (field: (typeof omit)[number]) => !omit.includes(field)
  const pictures: string[] = []
  const urls = await Promise.all(request.messages.map((message) => urlsOf(endpoint, message, images)))
  const params = {
    model: endpoint.model,
    messages: request.messages.map((message, index) => messageOf(message, urls[index] ?? [], pictures)),
    ...(isSent('temperature') && { temperature }),
    ...(isSent('top_p') && { top_p: topP }),
    ...(isSent('max_tokens') && { [maxTokensField]: maxTokens }),
    ...(isSent('seed') && { seed }),
    ...(isSent('n') && { n: 1 }),
    ...endpoint.body,
  }
  return { params, pictures, size: estimateOf(endpoint, request) }
}

async function urlsOf(endpoint: ResolvedEndpoint, message: AskMessage, images: RequestImages): Promise<string[]> {
  const limits = picturesOf(endpoint)
  return await Promise.all((message.images ?? []).map((hash) => images.dataUrl(hash, limits)))
}

/** A message; its plain pictures are added to `pictures`. */
function messageOf(
  { role, text }: AskMessage,
  urls: readonly string[],
  pictures: string[],
): ChatCompletionMessageParam {
  if (urls.length === 0) return { role, content: text }
  const parts = urls.map((url): ChatCompletionContentPart => {
    const isApart = isPlain(url)
    if (isApart) pictures.push(url)
    return { type: 'image_url', image_url: { url: isApart ? pictureMark : url } }
  })
  // The client's types know pictures in a user's message only. Servers take them in every message.
  return { role, content: [...parts, { type: 'text', text }] } as ChatCompletionMessageParam
}

/** JSON in ASCII: other characters become escapes. */
const ascii = (json: string): string =>
  json.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * A request's JSON in parts, with the pictures in their places. All parts are in ASCII, so that
 * their length is known and each is copied straight to the socket. Throws HoneError InvalidRecipe
 * when a field of the recipe has replaced the pictures.
 */
export function partsOf(json: string, pictures: readonly string[]): string[] {
  if (pictures.length === 0) return [ascii(json)]
  const texts = json.split(pictureMark)
  if (texts.length !== pictures.length + 1) throw replaced()
  return texts.flatMap((text, index) => (index === 0 ? [ascii(text)] : [pictures[index - 1] ?? '', ascii(text)]))
}

const replaced = (): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: 'the field `messages` in `body` of an endpoint replaces the messages of the step and its pictures',
    nextStep: 'take `messages` out of `body` in the recipe',
  })

import { sha256Hex } from '../artifacts/hash.ts'
import { canonicalJson } from '../domain/canonical.ts'
import type { OmittableField } from '../domain/recipe/call-options.ts'
import type { AskRequest } from './ask.ts'

/** Everything that decides a reply. The server's URL is no part of it. */
export interface KeyedRequest extends Pick<AskRequest, 'messages' | 'sampling' | 'sampleIndex'> {
  /** Model name behind a URL, content hash of a served checkpoint; never the URL. */
  identity: string
  /** Larger pictures are shrunk before they are sent, so another limit is another request. */
  imageMaxPixels: number
  /** Sides of shrunk pictures are multiples of this; 28 where absent. */
  imagePatch?: number | undefined
  /** Fields that are added to the request's body, or replace its fields. */
  body?: Readonly<Record<string, unknown>> | undefined
  /** Fields that are left out of the request's body. */
  omit?: readonly OmittableField[] | undefined
  /** More limits of pictures. They change the bytes that the model sees. */
  imageMaxBytes?: number | undefined
  imageFormats?: readonly string[] | undefined
  imageMinSide?: number | undefined
}

/** Fields that decide a reply. The number of replies and the form of streams do not. */
const decisive = new Set<OmittableField>(['seed', 'temperature', 'top_p', 'max_tokens'])

// Keys that are older than this option mean 28.
const usualPatch = 28

/**
 * SHA-256 (64 hex digits) of everything that decides a reply: model identity, messages with hashes
 * of pictures, sampling, seed and sample index. The picture limits, and a patch other than 28,
 * count only where a message has pictures. What an endpoint does not set changes no key, so that
 * keys of older versions stay.
 */
export function contentKey(request: KeyedRequest): string {
  const omitted = [...new Set(request.omit)].filter((field) => decisive.has(field)).toSorted()
  const hasImages = request.messages.some((message) => (message.images?.length ?? 0) > 0)
  const text = canonicalJson({
    identity: request.identity,
    messages: request.messages.map(({ role, text, images }) => ({ role, text, images: images ?? [] })),
    sampling: request.sampling,
    sampleIndex: request.sampleIndex,
    imageMaxPixels: hasImages ? request.imageMaxPixels : undefined,
    imagePatch: hasImages && request.imagePatch !== usualPatch ? request.imagePatch : undefined,
    body: request.body && Object.keys(request.body).length > 0 ? request.body : undefined,
    omit: omitted.length > 0 ? omitted : undefined,
    imageMaxBytes: hasImages ? request.imageMaxBytes : undefined,
    imageFormats: hasImages ? request.imageFormats : undefined,
    imageMinSide: hasImages ? request.imageMinSide : undefined,
  })
  return sha256Hex(text)
}

import { sha256Hex } from '../artifacts/hash.ts'
import { canonicalJson } from '../domain/canonical.ts'
import type { AskRequest } from './ask.ts'

/** What a request means apart from where it is sent. */
export interface KeyedRequest extends Pick<AskRequest, 'messages' | 'sampling' | 'sampleIndex'> {
  /** Model name behind a URL, content hash of a served checkpoint; never the URL. */
  identity: string
  /** Pictures above this are shrunk before they are sent, so another limit is another request. */
  imageMaxPixels: number
  /** Multiple that sides of shrunk pictures are fitted to; 28 where absent. */
  imagePatch?: number | undefined
}

// Keys from before there was a choice mean this one.
const usualPatch = 28

/**
 * SHA-256 (64 hex digits) of all that decides a reply: model identity, messages with image hashes, sampling, seed and
 * sample index. The image limit, and a patch other than 28, take part only where a message has images.
 */
export function contentKey(request: KeyedRequest): string {
  const hasImages = request.messages.some((message) => (message.images?.length ?? 0) > 0)
  const text = canonicalJson({
    identity: request.identity,
    messages: request.messages.map(({ role, text, images }) => ({ role, text, images: images ?? [] })),
    sampling: request.sampling,
    sampleIndex: request.sampleIndex,
    imageMaxPixels: hasImages ? request.imageMaxPixels : undefined,
    imagePatch: hasImages && request.imagePatch !== usualPatch ? request.imagePatch : undefined,
  })
  return sha256Hex(text)
}

import { sha256Hex } from '../artifacts/hash.ts'
import { canonicalJson } from '../domain/canonical.ts'
import type { AskRequest } from './ask.ts'

/** Everything that decides a reply. The server's URL is no part of it. */
export interface KeyedRequest extends Pick<AskRequest, 'messages' | 'sampling' | 'sampleIndex'> {
  /** Model name behind a URL, content hash of a served checkpoint; never the URL. */
  identity: string
  /** Larger pictures are shrunk before they are sent, so another limit is another request. */
  imageMaxPixels: number
  /** Sides of shrunk pictures are multiples of this; 28 where absent. */
  imagePatch?: number | undefined
}

// Keys that are older than this option mean 28.
const usualPatch = 28

/**
 * SHA-256 (64 hex digits) of everything that decides a reply: model identity, messages with hashes
 * of pictures, sampling, seed and sample index. The picture limit, and a patch other than 28, count
 * only where a message has pictures.
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

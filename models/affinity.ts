import type { AskRequest } from './ask.ts'

/** FNV-1a, 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** The last steps of MurmurHash3: every bit of the input moves every bit of the result. */
function mixed(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * Replicas in the order in which a prefix prefers them, by rendezvous hashing (Thaler & Ravishankar
 * 1998): when a replica comes or goes, only its own prefixes move.
 */
export function byAffinity<Place extends { readonly url: string }>(
  prefix: string,
  replicas: readonly Place[],
): Place[] {
  if (replicas.length < 2) return [...replicas]
  const of = hash32(prefix)
  return replicas
    .map((replica) => ({ replica, weight: mixed(of ^ hash32(replica.url)) }))
    .sort((a, b) => b.weight - a.weight || (a.replica.url < b.replica.url ? -1 : 1))
    .map(({ replica }) => replica)
}

/**
 * The beginning of a request that a server can find in its prefix cache: everything before the
 * first user turn, then the pictures of that turn (its text when it has no picture). All samples of
 * a row share a prefix, and so do all questions about one picture.
 */
export function prefixOf({ messages }: Pick<AskRequest, 'messages'>): string {
  const parts: string[] = []
  for (const { role, text, images } of messages) {
    if (images?.length) return [...parts, ...images].join(' ')
    parts.push(text)
    if (role === 'user') break
  }
  return parts.join(' ')
}

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
 * Servers in the order in which a prefix likes them: rendezvous hashing (Thaler & Ravishankar 1998), so that a server that comes
 * or goes moves only its own prefixes.
 */
export function byAffinity<Place extends { readonly url: string }>(prefix: string, servers: readonly Place[]): Place[] {
  if (servers.length < 2) return [...servers]
  const of = hash32(prefix)
  return servers
    .map((server) => ({ server, weight: mixed(of ^ hash32(server.url)) }))
    .sort((a, b) => b.weight - a.weight || (a.server.url < b.server.url ? -1 : 1))
    .map(({ server }) => server)
}

/**
 * How a request begins, as far as a server's prefix cache goes: what stands before the first user turn, and that turn's pictures,
 * or its text where it has none. All samples of a row share it, and so do all questions about one picture.
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

import { lookup } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { errorCode } from '../../domain/errors.ts'
import { RowProblem } from '../../domain/row-problem.ts'

/**
 * Which URLs are fetched: none; those of public addresses; or those of this machine and its network
 * too. A file from elsewhere may name an address that only this machine can reach, such as the one
 * with a cloud's keys.
 */
export type FetchedUrls = false | 'public' | 'local'

export const maxPictureBytes = 64 * 1024 * 1024
const fetchSeconds = 30
/** Waits between the tries of a URL, where the server asks for no wait of its own. */
const retrySeconds = [1, 4]
const maxWaitSeconds = 30
const maxRedirects = 5

/**
 * Reason of a picture that could not be fetched this time: the network, a busy server. The next
 * import tries again.
 */
export const unreachable = 'image-unreachable'

/** RFC 6890's addresses that are not on the public network, and multicast. */
const notPublic = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  notPublic.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  notPublic.addSubnet(net, bits, 'ipv6')

const isLocal = (address: string): boolean => notPublic.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/**
 * Fetches a picture, up to three times, because a busy server and a network that is away may pass.
 * Throws RowProblem `image-url` for what will not change, and `image-unreachable` for what may.
 */
export async function fetchPicture(url: string, from: FetchedUrls, signal?: AbortSignal): Promise<Uint8Array> {
  if (!URL.canParse(url)) throw new RowProblem('image-url', 'this is no URL')
  const shown = shownUrl(new URL(url))
  if (from === false) throw new RowProblem('image-url', `${shown} is not fetched: \`hone import --allow-urls\` does`)
  for (let attempt = 0; ; attempt++) {
    const found = await fetchOnce(new URL(url), from, signal)
    if ('bytes' in found) return found.bytes
    const wait = found.retryAfter ?? retrySeconds[attempt]
    if (attempt >= retrySeconds.length || wait === undefined)
      throw new RowProblem(unreachable, `${shown} ${found.why}, ${attempt + 1} times`)
    await setTimeout(Math.min(wait, maxWaitSeconds) * 1000, undefined, { signal })
  }
}

/** A signed URL holds its key in the query, others a password before the host. */
const shownUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`.slice(0, 300)

type Try = { bytes: Uint8Array } | { why: string; retryAfter: number | null }

/**
 * One try: the bytes, or why there are none this time. Of an error only the code is told, because
 * its message may hold the whole URL.
 */
async function fetchOnce(first: URL, from: 'public' | 'local', signal: AbortSignal | undefined): Promise<Try> {
  const limit = AbortSignal.timeout(fetchSeconds * 1000)
  const both = signal ? AbortSignal.any([signal, limit]) : limit
  let url = first
  try {
    for (let hops = 0; ; hops++) {
      const reply = await get(url, from, both)
      const { statusCode: status = 0, headers } = reply
      if (status >= 200 && status < 300) return { bytes: await wholeBody(reply, shownUrl(url)) }
      // A body that nobody reads would keep its connection.
      reply.destroy()
      const next = status >= 300 && status < 400 ? headers.location : undefined
      if (next !== undefined && hops < maxRedirects && URL.canParse(next, url.href)) {
        url = new URL(next, url)
        continue
      }
      const seconds = Number(headers['retry-after'] ?? Number.NaN)
      const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : null
      if (status === 408 || status === 429 || status >= 500) return { why: `answers ${status}`, retryAfter }
      throw new RowProblem('image-url', `${shownUrl(url)} answers ${status}`)
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RowProblem) throw error
    const why = limit.aborted ? `gives nothing whole in ${fetchSeconds} s` : `cannot be fetched (${codeOf(error)})`
    return { why, retryAfter: null }
  }
}

/**
 * The head of a reply, and its body to be read. The address is checked when the connection is made,
 * also after a redirect: a name may mean another address a moment later. (`fetch` was rejected: it
 * gives no say in the address.)
 */
function get(url: URL, from: 'public' | 'local', signal: AbortSignal): Promise<http.IncomingMessage> {
  const { protocol, username, password } = url
  const shown = shownUrl(url)
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new RowProblem('image-url', `${shown} is no http(s) URL, and is not fetched`)
  if (username !== '' || password !== '')
    throw new RowProblem('image-url', `${shown} comes with a name or password, which is not sent`)
  const refuse = (address: string): RowProblem | null =>
    from === 'public' && isLocal(address)
      ? new RowProblem(
          'image-url',
          `${shown} is at ${address}, which is not on the public network: \`hone import --allow-local-urls\` fetches it`,
        )
      : null
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const refusal = isIP(host) === 0 ? null : refuse(host)
  if (refusal) throw refusal
  const checked: LookupFunction = (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, addresses) => {
      const [one] = addresses ?? []
      const wrong = error ?? addresses.map(({ address }) => refuse(address)).find((problem) => problem !== null)
      if (wrong || !one) done(wrong ?? new Error('no address'), '', 4)
      else if (options.all === true) done(null, addresses)
      else done(null, one.address, one.family)
    })
  return new Promise((resolve, reject) => {
    const { request } = protocol === 'https:' ? https : http
    const headers = { accept: 'image/*, */*;q=0.5', 'user-agent': 'hone', 'accept-encoding': 'identity' }
    request(url, { lookup: checked, signal, headers }, resolve).on('error', reject).end()
  })
}

async function wholeBody(body: AsyncIterable<Uint8Array>, shown: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > maxPictureBytes) throw tooLarge(shown)
    parts.push(piece)
  }
  return Buffer.concat(parts)
}

/** The code of what went wrong, e.g. `ECONNREFUSED`. */
const codeOf = (error: unknown): string =>
  errorCode(error) ?? (error instanceof Error ? errorCode(error.cause) : null) ?? 'no answer'

export const tooLarge = (what: string): RowProblem =>
  new RowProblem('image-too-large', `${what} has more than ${maxPictureBytes} bytes`)

import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { errorCode, messageOf } from '../../domain/errors.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { locatePicture } from '../pictures/locate.ts'
import type { PictureFolders } from '../pictures/locate.ts'
import type { PictureRef } from './picture-refs.ts'

/**
 * Where pictures of a source may come from. Of its folders, the first that has the picture counts.
 */
export interface PicturePlaces extends PictureFolders {
  /** Fetches http(s) URLs. */
  allowUrls: boolean
  /** Puts names that the user knows into a text that names a folder of unpacked files. */
  shown?: ((text: string) => string) | undefined
}

const maxPictureBytes = 64 * 1024 * 1024
const fetchSeconds = 30
/** Waits between the tries of a URL, where the server asks for no wait of its own. */
const retrySeconds = [1, 4]
const maxWaitSeconds = 30

/**
 * Reason of a picture that could not be fetched this time: the network, a busy server. The next
 * import tries again.
 */
export const unreachable = 'image-unreachable'

/**
 * Folders of pictures: the ones that the user names, else the folders of the source's files and of
 * the source.
 */
export const pictureFolders = (named: readonly string[], files: readonly string[], root: string): string[] =>
  named.length > 0
    ? named.map((folder) => resolve(folder))
    : [...new Set([...files.slice(0, 1000).map((file) => dirname(file)), root])]

/**
 * Bytes of a picture. Throws RowProblem `image-missing`, `image-outside`, `image-too-large`,
 * `image-url` or `image-unreachable`.
 */
export async function loadPicture(ref: PictureRef, places: PicturePlaces, signal?: AbortSignal): Promise<Uint8Array> {
  if ('bytes' in ref) return ref.bytes
  if ('url' in ref) return fetchPicture(ref.url, places, signal)
  const file = await locatePicture(ref.path, places)
  const { size } = await stat(file)
  if (size > maxPictureBytes) throw tooLarge(file)
  try {
    return await readFile(file)
  } catch (error) {
    throw new RowProblem('image-missing', `${file} cannot be read: ${messageOf(error)}`, error)
  }
}

/**
 * Fetches a picture, up to three times, because a busy server and a network that is away may pass.
 * Throws RowProblem `image-url` for what will not change, and `image-unreachable` for what may.
 */
async function fetchPicture(url: string, { allowUrls }: PicturePlaces, signal?: AbortSignal): Promise<Uint8Array> {
  if (!URL.canParse(url)) throw new RowProblem('image-url', 'this is no URL')
  // A signed URL holds its key in the query, others a password before the host.
  const { origin, pathname, username, password } = new URL(url)
  const shown = `${origin}${pathname}`.slice(0, 300)
  if (!allowUrls) throw new RowProblem('image-url', `${shown} is not fetched: \`hone import --allow-urls\` does`)
  if (username !== '' || password !== '')
    throw new RowProblem('image-url', `${shown} comes with a name or password, which is not sent`)
  for (let attempt = 0; ; attempt++) {
    const found = await fetchOnce(url, shown, signal)
    if ('bytes' in found) return found.bytes
    const wait = found.retryAfter ?? retrySeconds[attempt]
    if (attempt >= retrySeconds.length || wait === undefined)
      throw new RowProblem(unreachable, `${shown} ${found.why}, ${attempt + 1} times`)
    await setTimeout(Math.min(wait, maxWaitSeconds) * 1000, undefined, { signal })
  }
}

/**
 * One try: the bytes, or why there are none this time. Of an error only the code is told, because
 * its message may hold the whole URL.
 */
async function fetchOnce(
  url: string,
  shown: string,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Uint8Array } | { why: string; retryAfter: number | null }> {
  const limit = AbortSignal.timeout(fetchSeconds * 1000)
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit })
    const { ok, status, body, headers } = response
    if (ok && body) return { bytes: await wholeBody(body, shown) }
    // A body that nobody reads would keep its connection.
    await body?.cancel()
    const seconds = Number(headers.get('retry-after') ?? Number.NaN)
    const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : null
    if (status === 408 || status === 429 || status >= 500) return { why: `answers ${status}`, retryAfter }
    throw new RowProblem('image-url', `${shown} answers ${status}`)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RowProblem) throw error
    const why = limit.aborted ? `gives nothing whole in ${fetchSeconds} s` : `cannot be fetched (${causeOf(error)})`
    return { why, retryAfter: null }
  }
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

/** The code of what went wrong below `fetch`, e.g. `ECONNREFUSED`. */
const causeOf = (error: unknown): string =>
  (error instanceof Error ? errorCode(error.cause) : null) ?? errorCode(error) ?? 'no answer'

const tooLarge = (what: string): RowProblem =>
  new RowProblem('image-too-large', `${what} has more than ${maxPictureBytes} bytes`)

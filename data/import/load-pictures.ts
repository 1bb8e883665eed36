import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { AskFailure } from '../../models/ask.ts'
import type { PictureRef } from './picture-refs.ts'

/** Where pictures of a source may come from. */
export interface PicturePlaces {
  /** Folders that paths count from, the first that has the picture counts; none of them may be left. */
  folders: readonly string[]
  /** Fetches http(s) URLs. */
  allowUrls: boolean
}

const maxPictureBytes = 64 * 1024 * 1024
const fetchSeconds = 30

/** Folders of pictures: those that the user names, else the folders of the source's files and the source itself. */
export const pictureFolders = (named: readonly string[], files: readonly string[], root: string): string[] =>
  named.length > 0
    ? named.map((folder) => resolve(folder))
    : [...new Set([...files.slice(0, 1000).map((file) => dirname(file)), root])]

/**
 * The file of a path. Relative paths count from the folders; absolute ones must lie in one of them. Throws {@link AskFailure}
 * `image-outside` or `image-missing`.
 */
export async function locatePicture(path: string, { folders }: PicturePlaces): Promise<string> {
  const inside: string[] = []
  for (const folder of folders) {
    const file = resolve(folder, path)
    if (folders.some((one) => isInside(one, file))) inside.push(file)
  }
  if (inside.length === 0)
    throw new AskFailure(
      'image-outside',
      `${path.slice(0, 300)} leads out of the source's folder: name the folder of the pictures with --images`,
    )
  for (const file of new Set(inside)) if ((await stat(file).catch(() => null))?.isFile()) return file
  throw new AskFailure('image-missing', `there is no ${path.slice(0, 300)} in ${folders.slice(0, 3).join(' or ')}`)
}

function isInside(folder: string, file: string): boolean {
  const way = relative(folder, file)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Bytes of a picture. Throws {@link AskFailure} `image-missing`, `image-outside`, `image-too-large` or `image-url`. */
export async function loadPicture(ref: PictureRef, places: PicturePlaces, signal?: AbortSignal): Promise<Uint8Array> {
  if ('bytes' in ref) return ref.bytes
  if ('url' in ref) return fetchPicture(ref.url, places, signal)
  const file = await locatePicture(ref.path, places)
  const { size } = await stat(file)
  if (size > maxPictureBytes) throw tooLarge(file)
  try {
    return await readFile(await realpath(file))
  } catch (error) {
    throw new AskFailure('image-missing', `${file} cannot be read: ${messageOf(error)}`, error)
  }
}

async function fetchPicture(url: string, { allowUrls }: PicturePlaces, signal?: AbortSignal): Promise<Uint8Array> {
  if (!URL.canParse(url)) throw new AskFailure('image-url', 'this is no URL')
  // A signed URL holds its key in the query, others a password before the host.
  const { origin, pathname } = new URL(url)
  const shown = `${origin}${pathname}`.slice(0, 300)
  if (!allowUrls) throw new AskFailure('image-url', `${shown} is not fetched: --allow-urls does`)
  const limit = AbortSignal.timeout(fetchSeconds * 1000)
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit })
    if (!response.ok || !response.body) throw new AskFailure('image-url', `${shown} answers ${response.status}`)
    const parts: Uint8Array[] = []
    let bytes = 0
    for await (const part of response.body) {
      const piece: Uint8Array = part
      bytes += piece.length
      if (bytes > maxPictureBytes) throw tooLarge(shown)
      parts.push(piece)
    }
    return Buffer.concat(parts)
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof AskFailure) throw error
    throw new AskFailure('image-url', `${shown} cannot be fetched: ${messageOf(error)}`, error)
  }
}

const tooLarge = (what: string): AskFailure =>
  new AskFailure('image-too-large', `${what} has more than ${maxPictureBytes} bytes`)

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

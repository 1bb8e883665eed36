import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { messageOf } from '../../domain/errors.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { locatePicture } from '../pictures/locate.ts'
import type { PictureFolders } from '../pictures/locate.ts'
import { fetchPicture, maxPictureBytes, tooLarge } from './fetch-picture.ts'
import type { FetchedUrls } from './fetch-picture.ts'
import type { PictureRef } from './picture-refs.ts'

/**
 * Where pictures of a source may come from. Of its folders, the first that has the picture counts.
 */
export interface PicturePlaces extends PictureFolders {
  allowUrls: FetchedUrls
}

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
  if ('url' in ref) return fetchPicture(ref.url, places.allowUrls, signal)
  const file = await locatePicture(ref.path, places)
  const { size } = await stat(file)
  if (size > maxPictureBytes) throw tooLarge(file)
  try {
    return await readFile(file)
  } catch (error) {
    throw new RowProblem('image-missing', `${file} cannot be read: ${messageOf(error)}`, error)
  }
}

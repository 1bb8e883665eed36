import { stat } from 'node:fs/promises'
import { extname, isAbsolute, relative, resolve, sep } from 'node:path'
import { RowProblem } from '../../domain/row-problem.ts'

/** Where a row's pictures may lie. */
export interface PictureFolders {
  /** Relative paths count from these, and may not lead out of them. */
  folders: readonly string[]
  /**
   * Whether an absolute path may lead anywhere, because its writer means it. Otherwise it must lead
   * into a folder.
   */
  isAbsoluteFree: boolean
}

/**
 * The absolute paths that a picture's name may mean, at least one. Looks at no file; links inside a
 * folder may lead out of it. Throws RowProblem `image-outside`.
 */
export function picturePaths(name: string, { folders, isAbsoluteFree }: PictureFolders): string[] {
  if (isAbsoluteFree && isAbsolute(name)) return [name]
  const paths = folders.map((folder) => resolve(folder, name))
  const inside = paths.filter((path) => folders.some((folder) => isInside(folder, path)))
  if (inside.length > 0) return [...new Set(inside)]
  const fix = isAbsoluteFree
    ? 'move it inside, or write its absolute path'
    : 'name the folder of the pictures with --images'
  throw new RowProblem('image-outside', `${name.slice(0, 300)} leads out of the source's folder: ${fix}`)
}

/** Endings of a picture that is named by its id alone (GQA), the most usual first. */
const endings = ['.jpg', '.png', '.jpeg', '.webp']

/**
 * The file of a picture: the first of its possible paths that is a file, also with an ending where
 * the name has none. Throws RowProblem `image-outside` or `image-missing`.
 */
export async function locatePicture(name: string, where: PictureFolders): Promise<string> {
  const paths = picturePaths(name, where)
  const ended = extname(name) === '' ? paths.flatMap((path) => endings.map((ending) => `${path}${ending}`)) : []
  for (const path of [...paths, ...ended]) if ((await stat(path).catch(() => null))?.isFile()) return path
  const looked = isAbsolute(name) ? '' : ` in ${where.folders.slice(0, 3).join(' or ')}`
  throw new RowProblem('image-missing', `there is no file ${name.slice(0, 300)}${looked}`)
}

function isInside(folder: string, file: string): boolean {
  const way = relative(folder, file)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

import { basename, extname } from 'node:path'
import { relative } from 'node:path'
import { numbered } from './record.ts'
import type { RecordReader } from './record.ts'

/**
 * A folder of pictures, a row for each: `id` is its path without the ending, `image` its path,
 * `folder` the folder that it is in.
 */
export function readPictures(root: string, files: readonly string[]): RecordReader {
  // Two pictures may differ in their endings alone.
  const bare = new Map<string, number>()
  for (const file of files) bare.set(withoutEnding(file), (bare.get(withoutEnding(file)) ?? 0) + 1)
  async function* batches() {
    for (let from = 0; from < files.length; from += 512)
      yield files.slice(from, from + 512).map((file) => {
        const path = relative(root, file).split('\\').join('/')
        const folder = path.slice(0, Math.max(0, path.length - basename(path).length - 1))
        const isOnly = bare.get(withoutEnding(file)) === 1
        return { id: isOnly ? withoutEnding(path) : path, image: path, ...(folder !== '' && { folder }) }
      })
  }
  return { total: files.length, read: () => numbered(batches()) }
}

const withoutEnding = (path: string): string => path.slice(0, path.length - extname(path).length)

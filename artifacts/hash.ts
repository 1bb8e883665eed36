import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../domain/canonical.ts'
import { HoneError } from '../domain/errors.ts'

/** SHA-256 in lower-case hex. Text is hashed as UTF-8. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** SHA-256 of a file, read in pieces: checkpoints do not fit in memory. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece)
  return hash.digest('hex')
}

/**
 * SHA-256 of a value's canonical JSON: equal values have equal hashes, whatever the order of their
 * keys.
 */
export function contentHash(value: unknown): string {
  return sha256Hex(canonicalJson(value))
}

/** One file of a folder: relative path with `/`, size in bytes. */
export interface TreeFile {
  path: string
  bytes: number
}

/** Which entries of a folder count. */
export interface TreeOptions {
  /**
   * Leave out names that begin with a dot: `.git`, and the `.cache` of a hub client, hold the
   * weights a second time.
   */
  withoutHidden?: boolean
}

/**
 * The files below a folder, sorted by path. Symbolic links to files are followed, because hub
 * caches are made of them. An entry that is neither a file nor a folder is refused: it could not be
 * stored faithfully.
 */
export async function listTree(root: string, { withoutHidden = false }: TreeOptions = {}): Promise<TreeFile[]> {
  const files: TreeFile[] = []
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(root, relative), { withFileTypes: true })) {
      if (withoutHidden && entry.name.startsWith('.')) continue
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) {
        await visit(path)
        continue
      }
      const found = await stat(join(root, path))
      if (!found.isFile()) {
        throw new HoneError({
          type: 'InvalidInput',
          message: `${join(root, path)} is neither a file nor a folder, so the folder cannot be stored`,
          nextStep: 'Replace links to folders, sockets and devices in it by plain files.',
        })
      }
      files.push({ path, bytes: found.size })
    }
  }
  await visit('')
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/**
 * Hash of a folder (paths, sizes and contents; not times or modes), its files, and their total size
 * in bytes.
 */
export async function hashTree(
  root: string,
  options: TreeOptions = {},
): Promise<{ hash: string; bytes: number; files: TreeFile[] }> {
  const files = await listTree(root, options)
  const hash = createHash('sha256')
  let bytes = 0
  for (const file of files) {
    hash.update(`${JSON.stringify([file.path, file.bytes, await hashFile(join(root, file.path))])}\n`)
    bytes += file.bytes
  }
  return { hash: hash.digest('hex'), bytes, files }
}

import { copyFile, link, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { exists } from '../../artifacts/exists.ts'
import { errorCode } from '../../domain/errors.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { createSeenFiles } from '../pictures/seen-files.ts'
import type { SeenStore } from '../pictures/seen-files.ts'

/** A picture for an export: its path, its size, and the extension for its first bytes. */
export interface Picture {
  /** SHA-256 of the file. */
  hash: string
  path: string
  bytes: number
  extension: string
  /** Size in pixels; null where the format takes files without a look at them. */
  size: { width: number; height: number } | null
}

/** Folder of the pictures beside the rows. */
export const pictureFolder = 'images'

/**
 * Path of a picture in an export. Its name is its SHA-256. Pictures lie in 256 folders: a folder
 * with hundreds of thousands of files is slow to list.
 */
export const picturePath = ({ hash, extension }: Pick<Picture, 'hash' | 'extension'>): string =>
  `${pictureFolder}/${hash.slice(0, 2)}/${hash}.${extension}`

/**
 * The extension for a picture's first bytes (from the formats' own specifications). Loaders want it
 * in the file's name.
 */
export function extensionOf(head: Uint8Array): string {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1')
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (text.startsWith('\xff\xd8\xff')) return 'jpg'
  if (text.startsWith('GIF8')) return 'gif'
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp'
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff'
  if (text.slice(4, 8) === 'ftyp') return text.slice(8, 12).startsWith('avi') ? 'avif' : 'heif'
  return 'bin'
}

const remembered = 20_000

/** Looks up pictures, and remembers the last 20,000. */
export class PictureLookup {
  readonly #look: (hash: string) => Promise<Picture>
  readonly #known = new LRUCache<string, { picture: Picture }>({ max: remembered })

  /** `shows` says which file of a picture is meant, as ExportFormat has it. */
  constructor(store: SeenStore, shows: 'pixels' | 'files') {
    const seen = createSeenFiles(store)
    this.#look = async (hash) => {
      if (shows === 'files') return await fileOf(hash, store.imagePath(hash), null)
      const { width, height, ...file } = await seen(hash)
      return await fileOf(file.hash, file.path, { width, height })
    }
  }

  /** A picture by its hash, or a code that says why there is none to show. */
  async find(hash: string): Promise<{ picture: Picture } | { refused: string }> {
    const known = this.#known.get(hash)
    if (known) return known
    try {
      const found = { picture: await this.#look(hash) }
      this.#known.set(hash, found)
      return found
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error
      if (error.reason === 'image-missing') return { refused: 'picture-missing' }
      return { refused: error.reason }
    }
  }
}

async function fileOf(hash: string, path: string, size: Picture['size']): Promise<Picture> {
  try {
    const file = await open(path, 'r')
    try {
      const { size: bytes } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
      return { hash, path, bytes, extension: extensionOf(buffer.subarray(0, bytesRead)), size }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new RowProblem('image-missing', `${path} is not there`, error)
    throw error
  }
}

/** Puts pictures below a folder, each once, and counts them. */
export class PicturePlacer {
  readonly #folder: string
  readonly #mode: 'copy' | 'link'
  readonly #folders = new Set<string>()
  count = 0
  bytes = 0
  /** Links that the file system refused, for example to another disk, and that became copies. */
  copiedInstead = 0

  constructor(folder: string, mode: 'copy' | 'link') {
    this.#folder = folder
    this.#mode = mode
  }

  /** Places the picture and returns its path relative to the folder. */
  async place(picture: Picture): Promise<string> {
    const relative = picturePath(picture)
    const target = join(this.#folder, relative)
    if (!this.#folders.has(dirname(target))) {
      await mkdir(dirname(target), { recursive: true })
      this.#folders.add(dirname(target))
    } else if (await exists(target)) return relative
    if (this.#mode === 'link') await this.#link(picture.path, target)
    else await copyFile(picture.path, target)
    this.count += 1
    this.bytes += picture.bytes
    return relative
  }

  /** A hard link, not a symbolic link: it stays valid when the store is tidied or moved. */
  async #link(from: string, to: string): Promise<void> {
    try {
      await link(from, to)
    } catch (error) {
      const code = errorCode(error)
      if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'].includes(code ?? '')) throw error
      await copyFile(from, to)
      this.copiedInstead += 1
    }
  }
}

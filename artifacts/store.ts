import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode, HoneError } from '../domain/errors.ts'
import { exists } from './exists.ts'
import { hashTree, sha256Hex } from './hash.ts'
import type { TreeFile, TreeOptions } from './hash.ts'
import { storageError } from './storage-error.ts'
import { draftPrefix, writeWholeFile } from './whole-file.ts'

/** How a folder of weights is copied into the store. */
export interface PublishOptions extends TreeOptions {
  /**
   * Share no file with the folder, because its owner may write into it later. Where the file system
   * copies on write, blocks are shared.
   */
  copy?: boolean
}

/** Content-addressed folder: its contents never change, and equal content is stored once. */
export interface ArtifactStore {
  readonly root: string
  /**
   * Stores the bytes of an image and returns its SHA-256 and its path. Storing it again changes
   * nothing.
   */
  putImage(bytes: Uint8Array): Promise<{ hash: string; path: string }>
  /** Absolute path of an image. Does not check that the image is there. */
  imagePath(hash: string): string
  /**
   * Hash of the image that {@link putSeen} stored for an image; null when there is none. The image
   * is there.
   */
  seenHash(hash: string): Promise<string | null>
  /**
   * Stores the pixels that models see of an image (data/pictures/seen.ts) as an image of its own,
   * and notes its hash under the hash of the first. Returns the new hash.
   */
  putSeen(hash: string, bytes: Uint8Array): Promise<string>
  /**
   * Publishes a folder of weights as `checkpoints/<hash of the tree>/`. It appears there whole or
   * not at all. The folder itself stays where it is, so that a retry after a crash finds the same
   * input and gets the same answer. Published files are read-only. By default they are hard links
   * where the file system has them, which is right for folders that our own ended jobs wrote.
   */
  publishCheckpoint(directory: string, options?: PublishOptions): Promise<{ hash: string; path: string; bytes: number }>
  checkpointPath(hash: string): string
  hasCheckpoint(hash: string): Promise<boolean>
  /**
   * Removes leftovers of unfinished writes that are older than `olderThanSeconds`. Returns how many
   * it removed.
   */
  sweepTemporary(olderThanSeconds: number): Promise<number>
}

const hexHash = /^[0-9a-f]{64}$/
const oneHourSeconds = 3600

async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network and FUSE file systems refuse fsync on a folder. The rename is atomic there too.
    if (errorCode(error) !== 'EINVAL' && errorCode(error) !== 'EISDIR') throw error
  } finally {
    await handle.close()
  }
}

async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  if (!(await exists(path))) await write(path, bytes)
}

async function write(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeWholeFile(path, content, { mode: 0o444 })
  } catch (error) {
    throw storageError(error, path)
  }
}

/**
 * A hard link costs no space. Where the file system has no hard links, or the target is on another
 * file system, the file is copied.
 */
async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target)
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK' && code !== 'ENOSYS')
      throw error
    await copyFile(source, target)
  }
}

/**
 * Copies a file. COPYFILE_FICLONE shares its blocks where the file system copies on write, and
 * copies them elsewhere.
 */
const cloneOrCopy = (source: string, target: string): Promise<void> =>
  copyFile(source, target, constants.COPYFILE_FICLONE)

async function copyTree(
  source: string,
  target: string,
  files: readonly TreeFile[],
  bring: (source: string, target: string) => Promise<void>,
): Promise<void> {
  const folders = new Set<string>([target])
  for (const file of files) {
    const path = join(target, file.path)
    if (!folders.has(dirname(path))) {
      await mkdir(dirname(path), { recursive: true })
      folders.add(dirname(path))
    }
    await bring(join(source, file.path), path)
    await chmod(path, 0o444)
    await syncToDisk(path)
  }
  for (const folder of folders) await syncToDisk(folder)
}

async function publishTree(
  directory: string,
  checkpoints: string,
  { copy = false, ...options }: PublishOptions = {},
): Promise<{ hash: string; path: string; bytes: number }> {
  const { hash, bytes, files } = await hashTree(directory, options)
  const path = join(checkpoints, hash)
  if (await exists(path)) return { hash, path, bytes }
  const temporary = join(checkpoints, `${draftPrefix}${process.pid}-${randomUUID()}`)
  try {
    await mkdir(temporary, { recursive: true })
    await copyTree(directory, temporary, files, copy ? cloneOrCopy : linkOrCopy)
    // The folder should be at rest, so this fails only when something still writes into it or a
    // disk returns wrong data.
    const copied = await hashTree(temporary)
    if (copied.hash !== hash) {
      throw new HoneError({
        type: 'CheckpointInvalid',
        message: `${directory} changed while it was being published.`,
        nextStep: 'See that no process writes into it any more, then retry the step.',
      })
    }
    try {
      await rename(temporary, path)
    } catch (error) {
      // Another process published the same tree meanwhile: its copy is as good as ours.
      if (!(await exists(path))) throw error
      await rm(temporary, { recursive: true, force: true })
    }
    await syncToDisk(checkpoints)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw storageError(error, path)
  }
  return { hash, path, bytes }
}

async function sweepFolder(folder: string, before: number): Promise<number> {
  let removed = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith(draftPrefix)) {
      const found = await stat(path).catch(() => null)
      if (found === null || found.mtimeMs > before) continue
      await rm(path, { recursive: true, force: true })
      removed += 1
    } else if (entry.isDirectory() && entry.name.length === 2) {
      removed += await sweepFolder(path, before)
    }
  }
  return removed
}

function checkedHash(hash: string): string {
  if (hexHash.test(hash)) return hash
  throw new HoneError({
    type: 'InvalidInput',
    message: `${JSON.stringify(hash)} is not a SHA-256 hash.`,
    nextStep: 'Give the 64 hexadecimal digits that publishing it returned.',
  })
}

/**
 * Opens the store at `root`, makes its folders and removes leftovers of writes that stopped an hour
 * or more ago: younger ones may belong to a running process. Throws StorageFull where the folder
 * cannot be written.
 */
export async function openArtifactStore(root: string): Promise<ArtifactStore> {
  const checkpoints = join(root, 'checkpoints')
  const imagePath = (hash: string) => join(root, 'images', checkedHash(hash).slice(0, 2), hash)
  const seenPath = (hash: string) => join(root, 'seen', checkedHash(hash).slice(0, 2), hash)
  const putImage = async (bytes: Uint8Array) => {
    const hash = sha256Hex(bytes)
    const path = imagePath(hash)
    await writeOnce(path, bytes)
    return { hash, path }
  }
  const store: ArtifactStore = {
    root,
    putImage,
    imagePath,
    seenHash: async (hash) => {
      const noted = await readFile(seenPath(hash), 'utf8').catch(() => '')
      return hexHash.test(noted) && (await exists(imagePath(noted))) ? noted : null
    },
    putSeen: async (hash, bytes) => {
      const { hash: seen } = await putImage(bytes)
      // Over an older note too: it may name an image that is lost.
      await write(seenPath(hash), seen)
      return seen
    },
    publishCheckpoint: (directory, options) => publishTree(directory, checkpoints, options),
    checkpointPath: (hash) => join(checkpoints, checkedHash(hash)),
    hasCheckpoint: (hash) => exists(join(checkpoints, checkedHash(hash))),
    sweepTemporary: async (olderThanSeconds) => {
      const before = Date.now() - olderThanSeconds * 1000
      let removed = 0
      for (const kind of ['images', 'seen', 'checkpoints']) removed += await sweepFolder(join(root, kind), before)
      return removed
    },
  }
  try {
    for (const kind of ['images', 'checkpoints']) await mkdir(join(root, kind), { recursive: true })
  } catch (error) {
    throw storageError(error, root)
  }
  await store.sweepTemporary(oneHourSeconds)
  return store
}

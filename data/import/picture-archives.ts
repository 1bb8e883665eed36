import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { locatePicture } from '../pictures/locate.ts'
import type { PictureFolders } from '../pictures/locate.ts'
import { isArchiveName } from './archive.ts'
import type { FoundSource } from './detect.ts'
import { refuseLfsPointers } from './lfs-pointer.ts'
import type { PictureRef } from './picture-refs.ts'
import { innermost, unpackArchive } from './unpack.ts'
import type { UnpackedArchive, UnpackOptions } from './unpack.ts'

/** Throws InvalidInput for a name after `--images` that is neither a folder nor an archive. */
export async function requireImages(images: readonly string[]): Promise<void> {
  for (const path of images) {
    const found = await stat(path).catch(() => null)
    if (found?.isDirectory() === true || (found?.isFile() === true && isArchiveName(path))) continue
    throw new HoneError({
      type: 'InvalidInput',
      message: `--images: ${resolve(path)} ${found ? 'is neither a folder nor an archive' : 'is not there'}`,
      nextStep: 'name the folder of the pictures, or a zip or tar of them; a path counts from the current folder',
    })
  }
}

/** Paths of pictures that are looked for before archives are unpacked. */
const lookedFor = 50

/**
 * Archives of pictures: those that `--images` names, and those beside the rows, such as
 * `images.zip`. They are unpacked below the home while the source is open.
 */
export class PictureArchives {
  readonly notes: string[] = []
  private readonly unpacked: UnpackedArchive[] = []
  private readonly options: UnpackOptions

  constructor(options: UnpackOptions) {
    this.options = options
  }

  /** The folders that `--images` names, with those of unpacked archives for archives. */
  async named(images: readonly string[]): Promise<string[]> {
    const folders: string[] = []
    for (const path of images) folders.push(...(isArchiveName(path) ? await this.foldersOf(resolve(path)) : [path]))
    return folders
  }

  /**
   * Folders of the archives beside the rows. They are unpacked when a picture of the first rows is
   * not found without them: who has unpacked them already needs no second copy.
   */
  async beside(found: FoundSource, refs: readonly PictureRef[], places: PictureFolders): Promise<string[]> {
    const paths = refs.flatMap((ref) => ('path' in ref ? [ref.path] : [])).slice(0, lookedFor)
    const areThere = await Promise.all(
      paths.map((path) =>
        locatePicture(path, places).then(
          () => true,
          () => false,
        ),
      ),
    )
    if (areThere.every(Boolean)) return []
    const folders: string[] = []
    for (const archive of await archivesBeside(found)) {
      folders.push(...(await this.foldersOf(archive)))
      this.notes.push(`${basename(archive)} was unpacked for the pictures in it`)
    }
    return folders
  }

  shown(text: string): string {
    return this.unpacked.reduce((before, archive) => archive.shown(before), text)
  }

  /** Removes what was unpacked. */
  async close(): Promise<void> {
    for (const archive of this.unpacked) await archive.close()
  }

  private async foldersOf(archive: string): Promise<string[]> {
    await refuseLfsPointers([archive])
    const unpacked = await unpackArchive(archive, this.options)
    this.unpacked.push(unpacked)
    const { folder, around } = unpacked
    return [...new Set([folder, around, await innermost(folder)])]
  }
}

/** Archives in the folders of the rows, and one folder below. */
async function archivesBeside({ files, root }: FoundSource): Promise<string[]> {
  const near = [...new Set([root, ...files.slice(0, 100).map((file) => dirname(file))])]
  const found = new Set<string>()
  for (const folder of near)
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.'))
        for (const name of await readdir(path)) if (isArchiveName(name)) found.add(join(path, name))
      if (entry.isFile() && isArchiveName(entry.name)) found.add(path)
    }
  for (const file of files) found.delete(file)
  return [...found].sort()
}

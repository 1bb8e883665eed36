import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ensureFolder, storageError } from '../../services/home.ts'
import type { OutputLine } from './output-lines.ts'

/** The files of rows that a step makes. During the run they grow beside their final place. */
export interface OutputFiles {
  write(lines: readonly OutputLine[]): Promise<void>
  /** Moves the files to their place. */
  publish(): Promise<void>
  /** Closes the files and leaves what is there so far, to be looked at. */
  close(): Promise<void>
}

/** Name of an output that is not complete. */
export const partialPath = (path: string): string => `${path}.partial`

/** Opens the output. Dropped and failed rows go to `rejects` where it is given. */
export async function openOutput(path: string, rejects: string | undefined): Promise<OutputFiles> {
  const kept = await openFile(path, '--output')
  const rejected = rejects === undefined ? undefined : await openFile(rejects, '--rejects')
  const files = rejected ? [rejected, kept] : [kept]
  return {
    async write(lines) {
      const [stay, leave] = [kept, rejected ?? kept]
      await stay.append(rejected ? lines.filter(({ isKept }) => isKept) : lines)
      if (rejected) await leave.append(lines.filter(({ isKept }) => !isKept))
    },
    async publish() {
      for (const file of files) await file.publish()
    },
    async close() {
      for (const file of files) await file.close()
    },
  }
}

/** `movedBy` is the option that names the file. */
async function openFile(path: string, movedBy: string) {
  const folder = dirname(resolve(path))
  const partial = partialPath(path)
  ensureFolder(folder, movedBy)
  const guard = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (error) {
      throw storageError(error, path, movedBy)
    }
  }
  const handle: FileHandle = await guard(() => open(partial, 'w'))
  return {
    append: (lines: readonly OutputLine[]) =>
      guard(async () => {
        if (lines.length > 0) await handle.appendFile(lines.map((line) => `${line.text(folder)}\n`).join(''))
      }),
    publish: () =>
      guard(async () => {
        await handle.sync()
        await handle.close()
        await rename(partial, path)
      }),
    close: () => handle.close(),
  }
}

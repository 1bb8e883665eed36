import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../domain/errors.ts'

const prefix = 'unpacked-'

/**
 * A new folder below `root` for the files of an archive. Folders that a killed import left behind
 * are removed first; the number in their name is its process.
 */
export async function createExtractFolder(root: string): Promise<string> {
  await mkdir(root, { recursive: true })
  for (const name of await readdir(root)) {
    const pid = /^unpacked-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
      await rm(join(root, name), { recursive: true, force: true })
  }
  const folder = join(root, `${prefix}${process.pid}-${randomUUID().slice(0, 8)}`)
  await mkdir(folder, { mode: 0o700 })
  return folder
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs, and belongs to another user.
    return errorCode(error) === 'EPERM'
  }
}

import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HoneError } from '../../domain/errors.ts'

const start = 'version https://git-lfs.github.com/spec/'

/** Whether bytes are a pointer that Git LFS leaves in the place of a file until it is fetched. */
export const isLfsPointer = (bytes: Uint8Array): boolean =>
  bytes.length < 1024 && Buffer.from(bytes.subarray(0, start.length)).toString('latin1') === start

/** Throws InvalidSource when one of the files is a pointer of Git LFS. */
export async function refuseLfsPointers(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0)
      if (!isLfsPointer(buffer.subarray(0, bytesRead))) continue
      const bytes = /^size (\d+)$/m.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
      throw new HoneError({
        type: 'InvalidSource',
        message: `${file} is a Git LFS pointer, and its content${bytes === undefined ? '' : ` (${bytes} bytes)`} is not here`,
        nextStep: `fetch the content: git -C ${dirname(file)} lfs pull`,
      })
    } finally {
      await handle.close()
    }
  }
}

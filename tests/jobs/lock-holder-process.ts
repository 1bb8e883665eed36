// Holds the lock of a folder until it is killed, and reports this in the file `held`.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../jobs/launchers/local/lock.ts'

const folder = process.argv[2] ?? ''
await withLock(folder, async () => {
  await writeFile(join(folder, 'held'), 'yes\n')
  await sleep(600_000)
})

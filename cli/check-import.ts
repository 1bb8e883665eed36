import { join } from 'node:path'
import { checkImport } from '../client/check-import.ts'
import type { ImportCheck } from '../client/check-import.ts'
import { ensureFolder, honeHome, homePaths } from '../services/home.ts'
import { createProgress, quietProgress } from '../services/progress.ts'
import { withDatabase } from './connections.ts'
import { untilInterrupted } from './interrupt.ts'
import { exitCodes, print, printJson } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { count } from './text/figures.ts'
import { checkLines } from './text/import.ts'

/**
 * `hone import --check NAME`: compares an import with its source and prints what differs. The exit
 * code is 1 where something does.
 */
export async function checkAgain(
  terminal: Terminal,
  name: string,
  {
    sources,
    images,
    rows,
    json = false,
  }: { sources: readonly string[]; images: readonly string[]; rows: number; json?: boolean | undefined },
): Promise<void> {
  const home = homePaths(honeHome(terminal.env)).root
  const progress = json ? quietProgress : createProgress(terminal.stderr)
  progress.start(`check ${name}`)
  const unpackBelow = join(home, 'imports')
  const checked: ImportCheck = await untilInterrupted(terminal, (signal) =>
    withDatabase(terminal, async (db) => {
      ensureFolder(home)
      const onProgress = (text: string): void => progress.update(text)
      const onRows = (read: number): void => progress.update(`${count(read)} rows read`)
      return await checkImport({ db, name, sources, images, rows, unpackBelow, signal, onProgress, onRows })
    }),
  ).catch((error: unknown) => {
    progress.fail()
    throw error
  })
  progress.done(`${count(checked.compared)} rows compared`)
  if (json) printJson(terminal, checked)
  else print(terminal, ...checkLines(checked))
  if (checked.differences.length > 0 || checked.changed.length > 0) process.exitCode = exitCodes.failed
}

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder for one test, removed when the test ends. By default all users may enter it. */
export function temporaryHome(mode: number = 0o755): string {
  const home = mkdtempSync(join(tmpdir(), 'hone-home-'))
  chmodSync(home, mode)
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  return home
}

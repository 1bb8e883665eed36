import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** Version of the package: two folders above the sources, or one folder more above `dist/`. */
export function honeVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8')
      return z.object({ version: z.string() }).parse(JSON.parse(text)).version
    } catch {
      // Look in the next place.
    }
  }
  return 'unknown'
}

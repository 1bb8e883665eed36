import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { partialPath } from '../../data/file-steps/output-file.ts'
import type { HoneError } from '../../domain/errors.ts'
import { badUsage } from './options.ts'

/** Files that a command line of `hone step` names. */
export interface StepFiles {
  inputs: readonly string[]
  /** Files that are read besides the rows: evidence, benchmarks, options. */
  alsoRead: readonly string[]
  output: string | undefined
  rejects: string | undefined
  replies: string | undefined
  state: string
}

/**
 * Throws InvalidInput where a file that would be written or added to is also given for something
 * else. Links are followed, because one file under two names is one file. Files that are only read
 * may be the same, except the rows.
 */
export function checkFiles({ inputs, alsoRead, output, rejects, replies, state }: StepFiles): void {
  const outputs = [output, rejects].flatMap((path) => path ?? [])
  const written = new Set<string>()
  for (const path of [
    ...outputs.flatMap((path) => [path, partialPath(path)]),
    replies ?? join(state, 'replies.jsonl'),
    ...['rows.jsonl', 'fingerprints.jsonl', 'run.json'].map((name) => join(state, name)),
  ]) {
    const file = identityOf(path)
    if (written.has(file)) throw overwritten(path)
    written.add(file)
  }
  const rows = new Set<string>()
  for (const path of inputs.filter((input) => input !== '-')) {
    const file = identityOf(path)
    if (written.has(file)) throw overwritten(path)
    if (rows.has(file)) throw badUsage(`--input ${path} is given twice.`, 'Give each file of rows once.')
    rows.add(file)
  }
  for (const path of alsoRead) if (written.has(identityOf(path))) throw overwritten(path)
}

const overwritten = (path: string): HoneError =>
  badUsage(
    `${path} is given for more than one thing, and would be overwritten.`,
    'Give --output, --rejects and --replies other files than those that the step reads.',
  )

/** The same for every name of an existing file; otherwise its place. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    const place = resolve(path)
    try {
      return join(realpathSync(dirname(place)), basename(place))
    } catch {
      return place
    }
  }
}

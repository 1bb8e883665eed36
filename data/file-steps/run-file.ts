import { createWriteStream } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HoneError } from '../../domain/errors.ts'
import { ensureFolder, storageError } from '../../services/home.ts'
import { acquireLock } from '../../services/lock.ts'
import type { LockOwner } from '../../services/lock.ts'
import { chooseRows } from './choose-rows.ts'
import type { FileStep, FileStepEnd } from './file-step.ts'
import { inputFile } from './input-lines.ts'
import type { InputFile } from './input-reader.ts'
import { openRun } from './open-run.ts'
import { openOutput } from './output-file.ts'
import { workRows } from './run-rows.ts'

/** The default place of a run's state. */
export const stateFolder = (output: string): string => `${output}.hone`

/**
 * Runs a data step on files: rows go in and come out as lines of data/rows/row-line.ts, in the
 * order of the input. Every finished row and every reply is kept in `state` at once, so a run that
 * was killed goes on where it was and pays again only for requests that were under way. The output
 * appears when all rows are done; until then it grows as `OUTPUT.partial`.
 *
 * Throws AlreadyRunning, InvalidInput, TooManyFailedRows, the errors of the engine, and the
 * signal's reason.
 */
export async function runFileStep(options: FileStep): Promise<FileStepEnd> {
  const unlock = lockOutputs(options)
  try {
    const run = await openRun(options, await inputFiles(options), options)
    try {
      options.progress.total(run.input.count)
      await describeRun(options, { run: run.key, step: options.options, input: run.input.hash })
      const output = await openOutput(options.output, options.rejects)
      try {
        const { step } = options
        const end =
          step.per === 'dataset'
            ? await chooseRows(options, step, run, output)
            : await workRows(options, step, run, output)
        if (end.ended === 'done') await output.publish()
        return end
      } finally {
        await output.close()
      }
    } finally {
      await run.close()
    }
  } finally {
    unlock()
  }
}

/** For people who look into the folder: what ran here last. No code reads it. */
async function describeRun({ state }: FileStep, what: object): Promise<void> {
  const path = join(state, 'run.json')
  await writeFile(path, `${JSON.stringify({ format: 1, ...what }, null, 2)}\n`).catch((error: unknown) => {
    throw storageError(error, path, '--state')
  })
}

/**
 * Locks the state and the outputs, because each of them may be given to another run too. Locks end
 * with their process.
 */
function lockOutputs({ state, output, rejects, options }: FileStep): () => void {
  ensureFolder(resolve(state), '--state')
  const beside = (path: string): string => join(dirname(resolve(path)), `.${basename(path)}.lock`)
  const places = [
    { lock: join(resolve(state), 'lock'), what: output, movedBy: '--state' },
    { lock: beside(output), what: output, movedBy: '--output' },
    ...(rejects === undefined ? [] : [{ lock: beside(rejects), what: rejects, movedBy: '--rejects' }]),
  ]
  const releases: (() => void)[] = []
  const release = (): void => {
    for (const one of releases) one()
  }
  try {
    for (const { lock: path, what, movedBy } of places) {
      const lock = acquireLock(path, `hone step ${options.step}`, movedBy)
      if (lock.status === 'held') throw running(what, lock.owner)
      releases.push(lock.release)
    }
  } catch (error) {
    release()
    throw error
  }
  return release
}

const running = (path: string, { pid, command, since }: LockOwner): HoneError =>
  new HoneError({
    type: 'AlreadyRunning',
    message: `\`${command}\` (process ${pid}) writes ${path} since ${since}; two at once would mix their rows.`,
    nextStep: 'Wait until it ends, or give this run an --output, --rejects and --state of its own.',
  })

/**
 * The files of rows. Standard input is first copied into the state, because lines are read more
 * than once.
 */
async function inputFiles({ inputs, stdin, state, signal }: FileStep): Promise<InputFile[]> {
  const files: InputFile[] = []
  for (const path of inputs) {
    if (path !== '-') {
      files.push(inputFile(path))
      continue
    }
    const kept = join(state, 'input.jsonl')
    await pipeline(stdin, createWriteStream(`${kept}.partial`), { signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw storageError(error, kept, '--state')
    })
    await rename(`${kept}.partial`, kept)
    files.push({ path: kept, folder: process.cwd() })
  }
  return files
}

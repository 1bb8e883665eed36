import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { cancelCauses, jobResources } from './launcher.ts'
import { writeJson } from './wrapper.mjs'
import { errorCode } from '../domain/errors.ts'

/** What was submitted. `id` is new for every submission and marks the job's processes in their environment. */
export const jobFile = z.object({
  id: z.string().min(1),
  key: z.string(),
  specHash: z.string(),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  secretEnv: z.array(z.string()),
  cwd: z.string(),
  gracePeriodSeconds: z.number().nonnegative(),
  resources: jobResources,
  submittedAt: z.string(),
})
export type JobFile = z.infer<typeof jobFile>

const identity = { pid: z.int(), startTicks: z.number().nullable(), bootId: z.string().nullable() }

export const claimFile = z.object(identity)
export const startedFile = z.object({
  ...identity,
  host: z.string(),
  startedAt: z.string(),
  childPid: z.int().nullable(),
  childStartTicks: z.number().nullable(),
})

export const exitFile = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  error: z.string().nullable(),
  /** The wrapper was told to end the job. */
  stopRequested: z.boolean(),
  /** Processes that were still there after the program itself had ended. */
  leftBehind: z.int(),
  startedAt: z.string().nullable(),
  finishedAt: z.string(),
})
export type ExitFile = z.infer<typeof exitFile>

export const cancelFile = z.object({ graceSeconds: z.number(), cause: z.enum(cancelCauses), at: z.string() })

/** Paths of a job's files. */
export function jobFiles(directory: string) {
  const control = join(directory, 'job')
  return {
    control,
    job: join(control, 'job.json'),
    claim: join(control, 'claim.json'),
    started: join(control, 'started.json'),
    exit: join(control, 'exit.json'),
    cancel: join(control, 'cancel.json'),
    stop: join(control, 'stop.json'),
    stdout: join(control, 'stdout.log'),
    stderr: join(control, 'stderr.log'),
  }
}

/** The text of a file; null when there is none. Other errors (a disk that is away) are thrown. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/** Reads and checks a JSON file; null when it is not there. Throws when it is there and not what we wrote. */
export async function readJsonFile<T>(path: string, shape: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(path)
  return text === null ? null : shape.parse(JSON.parse(text))
}

/** Writes JSON whole or not at all, over what is there. */
export async function replaceJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  writeJson(path, value)
}

/** Writes JSON whole unless the file is there already. Returns whether it was us. */
export async function createJson(path: string, value: unknown): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeJson(draft, value)
  try {
    // A link, unlike a rename, fails where the name is taken; unlike O_EXCL it never shows a half-written file.
    await link(draft, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'ENOTSUP') throw error
    // A file system without hard links.
    return await copyFile(draft, path, constants.COPYFILE_EXCL).then(
      () => true,
      (taken: unknown) => {
        if (errorCode(taken) === 'EEXIST') return false
        throw taken
      },
    )
  } finally {
    await rm(draft, { force: true })
  }
}

/** The last `maxBytes` of a text file; empty when it is not there. */
export async function readTail(path: string, maxBytes: number): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
  try {
    const { size } = await file.stat()
    const length = Math.min(size, maxBytes)
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, size - length)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}

/** Latest change of any of the files, in milliseconds since the epoch; null when none is there. */
export async function latestChange(paths: readonly string[]): Promise<number | null> {
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? null))
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}

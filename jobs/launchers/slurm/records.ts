import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile, replaceJson } from '../files.ts'
import { jobFiles } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import type { SchedulerJob } from './answers.ts'

/** What this launcher adds to a job's control folder. */
export function slurmFiles(directory: string) {
  const { control } = jobFiles(directory)
  return {
    /** The job's id at Slurm. */
    submission: join(control, 'slurm.json'),
    /** Written before each sbatch: from then on a job may exist that nobody recorded. */
    intent: join(control, 'slurm-intent.json'),
    /** How the scheduler said that it ended; it forgets after minutes. */
    end: join(control, 'slurm-end.json'),
    wrapper: join(control, 'wrapper.py'),
    /** What Slurm and the wrapper print; the program's output is in files of its own. */
    log: join(control, 'slurm.log'),
  }
}

const submissionFile = z.object({
  id: z.string(),
  /** Time limit that was asked for; null when the partition's own one holds. */
  limitMinutes: z.number().nullable(),
  /** When it was recorded. */
  at: z.string(),
})
export type Submission = z.infer<typeof submissionFile>

const intentFile = z.object({ at: z.string() })

/** Ways to end that only the scheduler can tell. */
export const schedulerEnds = [
  'OUT_OF_MEMORY',
  'TIMEOUT',
  'NODE_FAIL',
  'PREEMPTED',
  'BOOT_FAIL',
  'DEADLINE',
  'CANCELLED',
] as const
export type SchedulerEnd = (typeof schedulerEnds)[number]
const endFile = z.object({ state: z.enum(schedulerEnds) })

export const readSubmission = async (directory: string) =>
  await readJsonFile(slurmFiles(directory).submission, submissionFile)

export async function writeSubmission(directory: string, submission: Omit<Submission, 'at'>): Promise<void> {
  const record: Submission = { ...submission, at: new Date().toISOString() }
  await replaceJson(slurmFiles(directory).submission, record)
}

export const readIntent = async (directory: string) => await readJsonFile(slurmFiles(directory).intent, intentFile)

export const writeIntent = async (directory: string) =>
  await replaceJson(slurmFiles(directory).intent, { at: new Date().toISOString() })

export const readEnd = async (directory: string): Promise<SchedulerEnd | null> =>
  (await readJsonFile(slurmFiles(directory).end, endFile))?.state ?? null

export const writeEnd = async (directory: string, state: SchedulerEnd) =>
  await replaceJson(slurmFiles(directory).end, { state })

const longestReadable = 80
/** Clocks of a cluster and of a worker differ. */
const clockSkewMs = 10 * 60_000

/**
 * Name of a job at Slurm, which takes names twice: readable, and of this key at this place alone.
 * `root` is the folder of the jobs as they see it.
 */
export function slurmName(key: string, { place, root }: { place: string; root: string }): string {
  const hash = createHash('sha256').update(`${place}\n${root}\n${key}`).digest('hex').slice(0, 12)
  return `hone-${key.replace(/[^A-Za-z0-9._-]/g, '_').slice(-longestReadable)}-${hash}`
}

/** Comment of a job at Slurm: the hash of its inputs, and the submission that it belongs to. */
export function slurmComment({ specHash, id }: Pick<JobFile, 'specHash' | 'id'>): string {
  return `hone:${specHash.replace(/[^A-Za-z0-9._-]/g, '_')}:${id}`
}

/**
 * Whether a job at Slurm is the one that we submitted. Ids are given out again after a reset, and
 * names twice. A site may put a comment of its own, and accounting keeps none: then the time of the
 * submission tells.
 */
export function isOurs(found: SchedulerJob, name: string, job: Pick<JobFile, 'id' | 'submittedAt'>): boolean {
  if (found.name !== name) return false
  if (found.comment?.startsWith('hone:') === true) return found.comment.endsWith(`:${job.id}`)
  return found.submittedAt !== null && found.submittedAt >= Date.parse(job.submittedAt) - clockSkewMs
}

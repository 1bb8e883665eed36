import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJsonFile, replaceJson } from '../files.ts'
import { jobFiles } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import type { SchedulerJob } from './answers.ts'

/** The files that this launcher adds to a job's control folder. */
export function slurmFiles(directory: string) {
  const { control } = jobFiles(directory)
  return {
    /** The job's id at Slurm. */
    submission: join(control, 'slurm.json'),
    /** Written before each sbatch: from then on an unrecorded job may exist. */
    intent: join(control, 'slurm-intent.json'),
    /** How the job ended by the scheduler's word. The scheduler forgets it after minutes. */
    end: join(control, 'slurm-end.json'),
    wrapper: join(control, 'wrapper.py'),
    /** Output of Slurm and of the wrapper. The program's output has files of its own. */
    log: join(control, 'slurm.log'),
  }
}

const submissionFile = z.object({
  id: z.string(),
  /** The requested time limit. Null when the partition's own limit holds. */
  limitMinutes: z.number().nullable(),
  /** When it was recorded. */
  at: z.string(),
})
export type Submission = z.infer<typeof submissionFile>

const intentFile = z.object({ at: z.string() })

/** Ends of a job that only the scheduler knows. */
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
 * Name of a job at Slurm: readable, and unique for this key at this place. (Slurm itself accepts a
 * name twice.) `root` is the parent folder of the jobs' folders as the jobs see it.
 */
export function slurmName(key: string, { place, root }: { place: string; root: string }): string {
  const hash = createHash('sha256').update(`${place}\n${root}\n${key}`).digest('hex').slice(0, 12)
  return `hone-${key.replace(/[^A-Za-z0-9._-]/g, '_').slice(-longestReadable)}-${hash}`
}

/** Comment of a job at Slurm: the hash of its inputs, and the id of its submission. */
export function slurmComment({ specHash, id }: Pick<JobFile, 'specHash' | 'id'>): string {
  return `hone:${specHash.replace(/[^A-Za-z0-9._-]/g, '_')}:${id}`
}

/**
 * Whether a job at Slurm is the job that we submitted. After a reset Slurm gives out ids again, and
 * it accepts a name twice. A site may replace the comment, and accounting keeps no comment: then
 * the time of the submission decides.
 */
export function isOurs(found: SchedulerJob, name: string, job: Pick<JobFile, 'id' | 'submittedAt'>): boolean {
  if (found.name !== name) return false
  if (found.comment?.startsWith('hone:') === true) return found.comment.endsWith(`:${job.id}`)
  return found.submittedAt !== null && found.submittedAt >= Date.parse(job.submittedAt) - clockSkewMs
}

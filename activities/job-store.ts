import type { Database } from '../db/database.ts'
import {
  latestAttempt,
  listAttempts,
  newAttempt,
  recordIntent,
  setAttempt,
  setIntent,
  upsertMetrics,
} from '../db/jobs.ts'
import type { AttemptRecord as StoredAttempt } from '../db/jobs.ts'
import type { AttemptRecord, JobStore } from '../jobs/job-store.ts'
import { jobHandle } from '../jobs/launchers/contract.ts'

/** Jobs, attempts and metrics in PostgreSQL. */
export function postgresJobs(db: Database): JobStore {
  return {
    recordIntent: async ({ place, ...intent }) => void (await recordIntent(db, { ...intent, launcher: place })),
    withdraw: (jobId) => setIntent(db, jobId, 'cancel'),
    newAttempt: (jobId, handle) => newAttempt(db, jobId, (attempt) => handle(attempt).directory, handle),
    latestAttempt: async (jobId) => {
      const latest = await latestAttempt(db, jobId)
      return latest && attemptOf(latest)
    },
    attempts: async (jobId) => (await listAttempts(db, jobId)).map(attemptOf),
    setAttempt: (jobId, attempt, change) => setAttempt(db, jobId, attempt, change),
    upsertMetrics: (jobId, attempt, points) =>
      upsertMetrics(
        db,
        points.map(({ segment, step, name, canonical, value, time }) => ({
          jobId,
          attempt,
          segment,
          step,
          name,
          canonical,
          value,
          at: new Date(time === null ? Date.now() : time * 1000),
        })),
      ),
  }
}

const attemptOf = ({ attempt, state, directory, handle, startedAt, finishedAt }: StoredAttempt): AttemptRecord => ({
  attempt,
  state,
  directory,
  handle: jobHandle.nullable().catch(null).parse(handle),
  startedAt,
  finishedAt,
})

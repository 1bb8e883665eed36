import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { readStretch, stretchOf } from '../../data/shards/stretch.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { createImages } from '../../data/pictures/prepare.ts'
import { rowsAtOnce, runShard } from '../../data/shards/run-shard.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import { openDatabase } from '../../db/database.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { postgresReplies } from '../../db/replies.ts'
import { shardCount, shardInputs } from '../../db/shards.ts'
import { createEngine } from '../../models/engine.ts'
import { job } from './job.ts'
import type { Report } from './job.ts'

/**
 * Hone as a client of the bench: one step of a campaign in one process, as the worker runs it.
 * Pictures come from the artifact store, replies and rows go to Postgres. A second run does the
 * remaining work.
 */
/**
 * A campaign's defaults: several lanes side by side, each with stretches of shards that are read
 * ahead.
 */
const shardRows = 128
const lanes = 4

async function main(): Promise<void> {
  const { hone, ...task } = job.parse(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
  if (!hone) throw new TypeError('the job names no database')
  const step = dataSteps[hone.spec.step]
  if (step?.per !== 'row') throw new TypeError(`${hone.spec.step} does not work on single rows`)
  const { db, close } = openDatabase(hone.databaseUrl, { max: 20 })
  const store = await openArtifactStore(hone.store)
  const stop = new AbortController()
  process.on('SIGTERM', () => stop.abort())
  const readyAt = Date.now()
  const cpu = process.cpuUsage()
  const endpoint = {
    name: 'mock',
    baseUrls: [task.baseUrl],
    model: task.model,
    identity: task.model,
    concurrency: task.concurrency,
    timeoutSeconds: task.timeoutSeconds,
    imageMaxPixels: 1_003_520,
  }
  const images = createImages({ source: { read: (hash) => readFile(store.imagePath(hash)) } })
  const report: Report = { kept: 0, lost: {}, readyAt }
  const query = {
    inputDatasetIds: [hone.inputDatasetId],
    shardRows,
    per: 'row',
    outputDatasetId: hone.outputDatasetId,
  } as const
  const runStretch = async (first: number, count: number): Promise<void> => {
    const replies = postgresReplies(db, hone.stepId)
    const engine = createEngine({ endpoints: [endpoint], replies, images, signal: stop.signal })
    const counts = await runShard({
      step,
      rows: readStretch({ shard: first, shards: count }, (shard) => shardInputs(db, { ...query, shard })).batches,
      context: {
        options: hone.spec,
        seed: 1,
        promptSuffix: '',
        ask: (request) => engine.ask(request),
        modelOf: () => task.model,
      },
      concurrency: rowsAtOnce([endpoint]),
      commit: async (outcomes) => {
        for (const { status, reason } of outcomes)
          if (status !== 'kept') report.lost[reason ?? '?'] = (report.lost[reason ?? '?'] ?? 0) + 1
        await commitOutcomes(
          db,
          hone.outputDatasetId,
          outcomes.map((one) => (one.status === 'failed' ? { ...one, changes: {}, requestKeys: [] } : one)),
        )
      },
      signal: stop.signal,
    }).finally(() => engine.close())
    report.kept += counts.kept
  }
  const shards = await shardCount(db, { inputDatasetIds: [hone.inputDatasetId], shardRows })
  const stretch = stretchOf(shards, lanes)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let first = next; first < shards; first = next) {
      next += stretch
      await runStretch(first, Math.min(stretch, shards - first))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const { user, system } = process.cpuUsage(cpu)
  writeFileSync(task.report, JSON.stringify({ ...report, cpuMs: (user + system) / 1000 }))
  await close()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)

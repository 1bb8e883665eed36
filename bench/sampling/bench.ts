import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clientCommand, openWork } from './clients.ts'
import type { ClientName, Work } from './clients.ts'
import type { BenchRow, Outcome, Task } from './task.ts'
import type { Hone } from './hone-work.ts'
import { startMock } from './mock-process.ts'
import type { Mock } from './mock-process.ts'
import type { MockConfig, MockStats } from './mock-types.ts'
import { benchPictures } from './pictures.ts'
import type { PictureKind } from './pictures.ts'
import { watch } from './processes.ts'
import type { Command, Ended, Watched } from './processes.ts'

/** Figures of one run, by column. A column that does not apply is left out. */
export type Figures = Record<string, number | string>

/** Settings that all scenarios share. */
export interface Bench {
  hone: Hone
  /** Folder for the files of the runs. Emptied after each run. */
  root: string
  /** 1 for a real measurement, less for a short trial. */
  scale: number
  /** Runs the memory scenario to 200,000 rows. */
  full: boolean
}

/** One run of a client, with all its measurements. */
export interface Run {
  n: number
  stats: MockStats
  ended: Ended
  spawnedAt: number
  outcome: Outcome
  diskBytes: number
  server: { cpuMs: number; peakMb: number } | null
}

export const defaultPrompt = 'Describe the picture in words.'

export const scaled = ({ scale }: Bench, n: number, least = 64): number => Math.max(least, Math.round(n * scale))

export async function rowsOf(count: number, kind: PictureKind = 'real', text = defaultPrompt): Promise<BenchRow[]> {
  return (await benchPictures(kind, count)).map((picture) => ({ picture, text }))
}

/** Gives `use` a folder, a mock and a command for one client. Ends and empties them afterwards. */
export async function withSetup<Result>(
  bench: Bench,
  client: ClientName,
  config: MockConfig,
  use: (setup: { mock: Mock; folder: string; open: (task: OpenTask, at?: string) => Promise<Work> }) => Promise<Result>,
): Promise<Result> {
  const command: Command = await clientCommand(client)
  const folder = join(bench.root, `${client}-${process.hrtime.bigint()}`)
  mkdirSync(folder, { recursive: true })
  const mock = await startMock(config)
  try {
    const open = (task: OpenTask, at = 'run') =>
      openWork(client, command, taskOf(task, mock), join(folder, at), bench.hone)
    return await use({ mock, folder, open })
  } finally {
    await mock.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A task as a scenario gives it. Pictures, deadline and address have defaults. */
export type OpenTask = Pick<Task, 'rows' | 'concurrency'> & Partial<Task>

export const taskOf = (task: OpenTask, mock: Mock): Task => ({
  pictures: 'real',
  timeoutSeconds: 60,
  baseUrl: mock.baseUrl,
  ...task,
})

export interface RunOptions {
  n: number
  limitSeconds: number
  /** Called every 100 ms until it returns true, e.g. to kill the client half-way. */
  during?: (watched: Watched, stats: MockStats) => Promise<boolean>
}

/** Runs a task now and measures it. */
export async function runNow(bench: Bench, work: Work, mock: Mock, options: RunOptions): Promise<Run> {
  const isHone = work.command.args.some((arg) => arg.includes('hone-client'))
  const memory = isHone ? bench.hone.watchMemory() : null
  const before = isHone ? bench.hone.cpuMs() : 0
  const watched = watch(work.command, options.limitSeconds)
  const looking = new AbortController()
  const during = async (): Promise<void> => {
    while (!looking.signal.aborted && options.during) {
      await sleep(100)
      if (await options.during(watched, await mock.stats())) return
    }
  }
  const [ended] = await Promise.all([watched.ended.finally(() => looking.abort()), during()])
  const server = memory ? { cpuMs: bench.hone.cpuMs() - before, peakMb: memory.stop().peakMb } : null
  const [stats, outcome, diskBytes] = await Promise.all([mock.stats(), work.outcome(), work.diskBytes()])
  return { n: options.n, stats, ended, spawnedAt: watched.spawnedAt, outcome, diskBytes, server }
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))

/** Seconds from the first request to the last reply. */
export const spanOf = ({ firstAt, lastAt }: MockStats): number => Math.max(0, lastAt - firstAt) / 1000

export const lostOf = ({ lost, missing }: Outcome): number =>
  missing + Object.values(lost).reduce((sum, count) => sum + count, 0)

/** The columns that most scenarios print. */
export function usualFigures(run: Run, idealSeconds: number): Figures {
  const { n, stats, ended, outcome, diskBytes, server } = run
  const { report } = outcome
  return {
    'span s': round(spanOf(stats), 2),
    '× ideal': round(spanOf(stats) / idealSeconds, 2),
    'CPU ms/req': round(ended.cpuMs / n, 2),
    ...(report?.cpuMs === undefined ? {} : { 'of it work': round(report.cpuMs / n, 2) }),
    'RSS MB': Math.round(ended.peakRssMb),
    lost: lostOf(outcome),
    ...(outcome.twice > 0 ? { twice: outcome.twice } : {}),
    '429s': stats.rejected,
    peak: stats.peak,
    'disk MB': round(diskBytes / 1e6, 1),
    'wall s': round(ended.wallSeconds, 1),
    ...(server ? { 'PG ms/req': round(server.cpuMs / n, 2), 'PG MB': Math.round(server.peakMb) } : {}),
    'mock ms/req': round(stats.cpuMs / Math.max(1, stats.requests), 2),
    ...problemOf(run),
  }
}

/** A column `note` for a client that failed. */
export function problemOf({ ended, outcome }: Pick<Run, 'ended' | 'outcome'>): Figures {
  if (ended.end === 0 && outcome.report) return {}
  const last = lastError(ended.output)
  const how = ended.end === 'limit' ? 'ended at its time limit' : `ended with ${ended.end}`
  return { note: `${how}: ${last}` }
}

/** The line with the error, else the last line. */
const lastError = (output: string): string => {
  const lines = output.trim().split('\n')
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 300)
}

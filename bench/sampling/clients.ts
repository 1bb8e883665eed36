import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { nodeEntry } from '../../services/node-process.ts'
import { bringUpPython } from '../../services/python.ts'
import type { Hone } from './hone-work.ts'
import { report } from './job.ts'
import type { Job, Report } from './job.ts'
import type { Command } from './processes.ts'
import type { Outcome, Task } from './task.ts'

/** A client with a task, and everything that the client keeps between runs. */
export interface Work {
  /** The command that runs the task now. */
  command: Command
  outcome(): Promise<Outcome>
  /**
   * By picture number, why each row was not kept, or null for a kept row. Null when the client
   * gives no reasons.
   */
  reasons: () => Promise<Map<number, string | null> | null>
  /** Replies that the client holds durably. Null when the client stores no replies. */
  storedReplies: () => Promise<number | null>
  /** Bytes that the client has written, without the pictures that it was given. */
  diskBytes(): Promise<number>
  /**
   * The next task with everything kept so far: a later round of the same campaign, the same cache
   * folder.
   */
  again(task: Task): Promise<Work>
}

export const clientNames = ['hone', 'fetch', 'aiohttp', 'curator', 'data-designer', 'distilabel'] as const
export type ClientName = (typeof clientNames)[number]

const run = promisify(execFile)
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const peers: Partial<Record<ClientName, { script: string; imports: string[] }>> = {
  aiohttp: { script: 'aiohttp_loop.py', imports: ['aiohttp'] },
  curator: { script: 'curator_client.py', imports: ['bespokelabs.curator'] },
  'data-designer': { script: 'data_designer_client.py', imports: ['data_designer.config', 'data_designer.interface'] },
  distilabel: {
    script: 'distilabel_client.py',
    imports: ['distilabel.models', 'distilabel.pipeline', 'distilabel.steps.tasks'],
  },
}

/** No telemetry, no downloads, no colours. */
const quiet = {
  TELEMETRY_ENABLED: 'False',
  NEMO_TELEMETRY_ENABLED: 'false',
  HF_HUB_OFFLINE: '1',
  HF_HUB_DISABLE_TELEMETRY: '1',
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  CURATOR_DISABLE_RICH_DISPLAY: '1',
  PYTHONDONTWRITEBYTECODE: '',
  TERM: 'dumb',
}

/**
 * Environments of the peers, each made once. The user's own Python for the trainer is not used,
 * because it lacks these packages.
 */
async function python(name: ClientName, imports: string[]): Promise<string> {
  const { HONE_PYTHON: _trainers, ...env } = process.env
  return (await bringUpPython({ lock: here(`peers/${name}.lock`), env, imports })).python
}

/** The command of a client. Rejects when the client cannot be installed. */
export async function clientCommand(name: ClientName): Promise<Command> {
  if (name === 'hone') return nodeEntry('bench/sampling/hone-client')
  const peer = peers[name]
  if (!peer) return nodeEntry('bench/sampling/fetch-client')
  return { command: await python(name, peer.imports), args: [here(`peers/${peer.script}`)], env: quiet }
}

/**
 * Makes everything that a client needs and starts the client once, so that no scenario pays for
 * compiling at the first start. Rejects when the client cannot be installed or imported.
 */
export async function prepareClient(name: ClientName): Promise<void> {
  const { command, args } = await clientCommand(name)
  const imports = peers[name]?.imports
  const options = { env: { ...process.env, ...quiet }, timeout: 180_000 }
  if (imports) await run(command, ['-c', `import ${imports.join(', ')}`], options)
  // The bench's own clients end at once without a job, after all their imports.
  else await run(command, args, options).catch(() => undefined)
}

/** Bytes of a folder's files. */
export function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => (entry.isFile() ? sum + statSync(join(entry.parentPath, entry.name)).size : sum),
    0,
  )
}

/** Opens a task for a client in its own folder. */
export async function openWork(
  name: ClientName,
  command: Command,
  task: Task,
  folder: string,
  hone: Hone,
): Promise<Work> {
  if (name !== 'hone') return folderWork(command, task, folder)
  return honeWork(command, task, folder, await hone.newDatabase(), 1)
}

function jobFile(task: Task, folder: string, more: Partial<Job>): { file: string; readReport: () => Report | null } {
  const work = join(folder, 'work')
  mkdirSync(work, { recursive: true })
  const [file, rows, reportFile] = ['job.json', 'rows.jsonl', 'report.json'].map((one) => join(folder, one))
  if (!file || !rows || !reportFile) throw new TypeError('no names')
  const { baseUrl, concurrency, timeoutSeconds } = task
  const job: Job = { baseUrl, concurrency, timeoutSeconds, model: 'mock', rows, work, report: reportFile, ...more }
  if (!more.hone)
    writeFileSync(
      rows,
      task.rows
        .map(({ picture: { number, path }, text }) => `${JSON.stringify({ id: `row-${number}`, text, path })}\n`)
        .join(''),
    )
  writeFileSync(file, JSON.stringify(job))
  rmSync(reportFile, { force: true })
  const readReport = () => (existsSync(reportFile) ? report.parse(JSON.parse(readFileSync(reportFile, 'utf8'))) : null)
  return { file, readReport }
}

function folderWork(command: Command, task: Task, folder: string): Work {
  const { file, readReport } = jobFile(task, folder, {})
  return {
    command: { ...command, args: [...command.args, file], cwd: folder },
    outcome: () => {
      const said = readReport()
      const answered = said ? said.kept + Object.values(said.lost).reduce((sum, count) => sum + count, 0) : 0
      const missing = Math.max(0, task.rows.length - answered)
      return Promise.resolve({ kept: said?.kept ?? 0, lost: said?.lost ?? {}, twice: 0, missing, report: said })
    },
    reasons: () => Promise.resolve(null),
    storedReplies: () => Promise.resolve(null),
    diskBytes: () => Promise.resolve(folderBytes(join(folder, 'work'))),
    again: (next) => Promise.resolve(folderWork(command, next, folder)),
  }
}

async function honeWork(
  command: Command,
  task: Task,
  folder: string,
  database: Awaited<ReturnType<Hone['newDatabase']>>,
  round: number,
): Promise<Work> {
  const opened = await database.openStep(task, round)
  const { file, readReport } = jobFile(task, join(folder, `round-${round}`), { hone: opened.job })
  return {
    command: { ...command, args: [...command.args, file], cwd: folder },
    outcome: async () => ({ ...(await opened.outcome()), report: readReport() }),
    reasons: opened.reasons,
    storedReplies: database.replies,
    diskBytes: () => database.bytes(),
    again: (next) => honeWork(command, next, folder, database, round + 1),
  }
}

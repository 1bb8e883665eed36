import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { redacted } from '../domain/redact.ts'
import { hubError, hubProblems } from './hub-errors.ts'
import type { HubModel } from './hub-model.ts'
import { findPython } from './python.ts'
import type { Python } from './python.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The files of a model, as the hub describes them. Sizes in bytes. */
export interface HubListing {
  /** The commit that the revision leads to, 40 hex digits. */
  commit: string
  /** All files that would be fetched. */
  bytes: number
  weightBytes: number
  /** Null where the hub has not counted them. */
  parameters: number | null
}

/**
 * The hub, asked through the trainer's Python, whose libraries know its mirrors, proxies and saved
 * tokens.
 */
export interface Hub {
  /** Asks for the files of a revision. Throws HoneError for a problem that a user can mend. */
  look(model: HubModel, signal?: AbortSignal): Promise<HubListing>
  /**
   * Brings the files into a folder. When a call was cut short, also by a kill, the next call goes
   * on where it stopped.
   */
  fetch(model: HubModel, folder: string, onProgress: (text: string) => void): Promise<HubListing>
}

const result = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('ok'),
    commit: z.string().regex(/^[0-9a-f]{40}$/),
    bytes: z.int().nonnegative(),
    weightBytes: z.int().nonnegative(),
    parameters: z.int().positive().nullable(),
  }),
  z.object({ status: z.literal('failed'), kind: z.enum(hubProblems), detail: z.string() }),
])
const progressLine = z.object({ done: z.number(), total: z.number() })

/**
 * The hub as `python -m hone_trainer fetch` reaches it: HF_ENDPOINT, HF_TOKEN, HF_HOME and
 * HF_HUB_OFFLINE count as in every program of Hugging Face. HF_HUB_OFFLINE takes the model from
 * their cache.
 */
export function createHub({ cache, env }: { cache: string; env: Environment }): Hub {
  const ask = async (model: HubModel, args: string[], tell: (text: string) => void, signal?: AbortSignal) => {
    const python = await findPython({ cache, env })
    if (python === null) throw noPython(model)
    return await runFetch(python, { model, args, env, tell, ...(signal && { signal }) })
  }
  return {
    look: (model, signal) => ask(model, [], () => {}, signal),
    fetch: (model, folder, onProgress) => ask(model, ['--output', folder], onProgress),
  }
}

const noPython = ({ repo }: HubModel): HoneError =>
  new HoneError({
    type: 'MissingDependency',
    message: `${repo} is a model of the hub, and the Python that fetches it is not installed yet.`,
    nextStep:
      'Run `hone dev`, which installs it once, then start again; or set HONE_PYTHON to one with huggingface_hub.',
  })

interface FetchCall {
  model: HubModel
  args: string[]
  env: Environment
  tell: (text: string) => void
  signal?: AbortSignal
}

async function runFetch(python: Python, { model, args, env, tell, signal }: FetchCall): Promise<HubListing> {
  const scratch = await mkdtemp(join(tmpdir(), 'hone-hub-'))
  try {
    const file = join(scratch, 'result.json')
    const which = ['--repo', model.repo, ...(model.revision === null ? [] : ['--revision', model.revision])]
    const child = spawn(python.python, ['-m', 'hone_trainer', 'fetch', ...which, ...args, '--result', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, ...python.env, PYTHONUNBUFFERED: '1' },
      ...(signal && { signal }),
    })
    const end = (): void => void child.kill()
    process.once('exit', end)
    const said: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => tell(progressText(line)))
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line) > 12 && said.shift())
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    }).finally(() => process.off('exit', end))
    const text = await readFile(file, 'utf8').catch(() => null)
    if (text === null) throw broken(model, code, said, env)
    const answer = result.parse(JSON.parse(text))
    if (answer.status === 'failed') throw hubError(model, answer, env)
    return answer
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function progressText(line: string): string {
  try {
    const { done, total } = progressLine.parse(JSON.parse(line))
    const { unit, size } = total < 1e9 ? { unit: 'MB', size: 1e6 } : { unit: 'GB', size: 1e9 }
    return `fetching, ${(done / size).toFixed(1)} of ${(total / size).toFixed(1)} ${unit}`
  } catch {
    return line
  }
}

/**
 * The error for a defect of Hone or of the hub's client. It quotes the last lines that were
 * printed, without the token and without signed addresses.
 */
function broken(model: HubModel, code: number | null, said: readonly string[], env: Environment): HoneError {
  const token = env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']
  const tail = said
    .join('\n')
    .replaceAll(/(https?:\/\/)[^\s/@]*@/g, '$1')
    .replaceAll(/(https?:\/\/[^\s?]+)\?\S*/g, '$1')
  return new HoneError({
    type: 'MissingDependency',
    message: `${model.repo} could not be fetched (exit code ${code}):\n${token ? redacted(tail, [token], '…') : tail}`,
    nextStep: 'Start again: what was fetched is kept. If it stays so, fetch the model yourself and name its folder.',
  })
}

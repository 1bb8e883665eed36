import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { HoneError } from '../domain/errors.ts'
import { baseCorpusHash } from './world.ts'

/**
 * How the weak base model is trained from nothing. Part of its hash. Shorter trainings were
 * rejected (docs/decisions/2026-11-30-set-up-time.md): the model then describes pictures as well,
 * but SFT in round 1 leads to 21 to 26 % in place of 70 to 75 %.
 */
export const baseModelRecipe = { steps: 1200, batchSize: 32, learningRate: 1e-3, seed: 1 }

export interface BaseModelOptions {
  /** Folder of models in the cache; the base model is one folder in it. */
  models: string
  /** Folder of the demo world, already written. */
  world: string
  python: { python: string; env: Record<string, string> }
  /** Folder of the Python package: its part that builds the model belongs to the model's hash. */
  trainer: string
  onProgress: (text: string) => void
  signal: AbortSignal
}

/**
 * Folder of the demo's base model: from the cache, else trained now, once. It appears under its
 * name only when it is complete. The next call removes what a crash left. Only one caller at a time
 * may use a cache.
 */
export async function ensureBaseModel(options: BaseModelOptions): Promise<{ path: string; isNew: boolean }> {
  const path = join(options.models, baseModelName(options.trainer))
  if (existsSync(path)) return { path, isNew: false }
  await mkdir(options.models, { recursive: true })
  const making = `${path}.making`
  await rm(making, { recursive: true, force: true })
  await mkdir(making)
  const config = {
    kind: 'base',
    corpus: join(options.world, 'base-corpus.jsonl'),
    vocabulary: join(options.world, 'vocabulary.txt'),
    output: join(making, 'model'),
    metrics: join(making, 'metrics.jsonl'),
    result: join(making, 'result.json'),
    ...baseModelRecipe,
  }
  await writeFile(join(making, 'config.json'), JSON.stringify(config))
  await train(options, making)
  await rename(join(making, 'model'), path)
  await rm(making, { recursive: true, force: true })
  return { path, isNew: true }
}

/** Folder name of the base model that this code would train. */
export function baseModelName(trainer: string): string {
  const hash = createHash('sha256').update(JSON.stringify([baseCorpusHash(), baseModelRecipe]))
  const folder = join(trainer, 'hone_trainer', 'base')
  for (const name of readdirSync(folder)
    .filter((each) => each.endsWith('.py'))
    .sort())
    hash.update(readFileSync(join(folder, name)))
  return `demo-base-${hash.digest('hex').slice(0, 16)}`
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })

async function train({ python, onProgress, signal }: BaseModelOptions, folder: string): Promise<void> {
  const logFile = join(folder, 'log.txt')
  const log = await open(logFile, 'w')
  try {
    const child = spawn(python.python, ['-m', 'hone_trainer', 'base', '--config', join(folder, 'config.json')], {
      // Servers start beside it on the same cores. Threads that spin while they wait for each other
      // made a step ten times slower there.
      env: { OMP_WAIT_POLICY: 'passive', ...process.env, ...python.env, PYTHONUNBUFFERED: '1' },
      stdio: ['ignore', 'pipe', log.fd],
      signal,
      killSignal: 'SIGTERM',
    })
    if (!child.stdout) throw new TypeError('the trainer has no output')
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      void log.write(`${line}\n`)
      onProgress(line.replace(/^base model: /, ''))
    })
    const code = await ended(child)
    if (code === 0) return
    throw new HoneError({
      type: 'TrainingFailed',
      message: `the demo's base model was not trained (exit code ${code}):\n${(await readFile(logFile, 'utf8')).slice(-2000)}`,
      nextStep: 'mend what it says, then run the demo again',
    })
  } finally {
    await log.close()
  }
}

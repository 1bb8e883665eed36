import { readdirSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensorsHeader, verifyWeightFiles } from '../../artifacts/verify.ts'
import { messageOf } from '../../domain/errors.ts'
import { parsePythonJson } from '../../domain/json-text.ts'
import type { RunFolder } from '../../jobs/command.ts'
import type { SavedState } from '../trainer.ts'
import { stepFolders } from '../trl/saved.ts'
import { files, stateFile } from './files.ts'

/** What is wrong with adapters in a folder; empty when they are whole. */
export async function adapterProblems(folder: string): Promise<string[]> {
  const name = 'adapter_model.safetensors'
  try {
    await readFile(join(folder, 'adapter_config.json'))
    const header = await readSafetensorsHeader(join(folder, name))
    return header.size === 0 ? [`${name} holds no tensor`] : []
  } catch (error) {
    return [`${name} is not whole: ${messageOf(error)}`]
  }
}

/**
 * `checkpoint-<step>` folders, the newest complete one first. transformers writes weights,
 * optimizer and random states before `trainer_state.json`; a full disk may have cut any of them.
 */
export async function listCheckpoints(run: RunFolder): Promise<SavedState[]> {
  const folders = await stepFolders(files(run.here).trained, 'checkpoint')
  const found = await Promise.all(folders.map(({ step, path }) => describe(step, path)))
  return found.sort((a, b) => Number(b.complete) - Number(a.complete) || b.step - a.step)
}

async function describe(step: number, path: string): Promise<SavedState> {
  const read = (name: string) => readFile(join(path, name), 'utf8').catch(() => null)
  const [state, adapter, shards] = await Promise.all([
    read('trainer_state.json'),
    read('adapter_config.json'),
    // DeepSpeed cuts the optimizer by process and names the folder of the pieces here.
    read('latest'),
  ])
  const problems = adapter === null ? (await verifyWeightFiles(path)).problems : await adapterProblems(path)
  const complete = problems.length === 0 && stateOf(state) === step
  return { step, path, complete, world: shards === null ? null : await processesOf(path) }
}

/** Step that a `trainer_state.json` says; null when it is not whole. */
const stateOf = (text: string | null): number | null =>
  text === null ? null : (stateFile.safeParse(parsePythonJson(text)).data?.global_step ?? null)

/**
 * transformers keeps `rng_state.pth` of a single process, and `rng_state_<rank>.pth` of each of
 * several.
 */
async function processesOf(path: string): Promise<number> {
  const names = await readdir(path)
  return Math.max(1, names.filter((name) => /^rng_state_\d+\.pth$/.test(name)).length)
}

const isSpent = (name: string): boolean => name.startsWith('checkpoint-') || name.endsWith('.safetensors')

/** States to go on from and weights. The product's log and results lie beside them and stay. */
export function spentPaths(run: RunFolder): string[] {
  const { trained, output, merged, cache } = files(run.here)
  return [
    ...namesIn(trained)
      .filter(isSpent)
      .map((name) => join(trained, name)),
    output,
    merged,
    cache,
  ]
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

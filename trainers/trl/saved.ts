import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { verifyCheckpointFiles, verifyWeightFiles } from '../../artifacts/verify.ts'
import { parseJson } from '../../domain/json-text.ts'
import type { RunFolder } from '../../jobs/command.ts'
import type { SavedState } from '../trainer.ts'
import { files } from './files.ts'

/** Folders in `folder` that are named `<prefix>-<step>`. */
export async function stepFolders(folder: string, prefix: string): Promise<{ step: number; path: string }[]> {
  const names = await readdir(folder).catch((): string[] => [])
  return names.flatMap((name) => {
    const step = name.startsWith(`${prefix}-`) ? Number(name.slice(prefix.length + 1)) : Number.NaN
    return Number.isInteger(step) ? [{ step, path: join(folder, name) }] : []
  })
}

/**
 * `step-<n>` folders appear by rename when they are whole. A full disk may still have cut their
 * weights.
 */
export async function listSnapshots(run: RunFolder): Promise<{ step: number; path: string }[]> {
  const folders = await stepFolders(files(run.here).snapshots, 'step')
  const reports = await Promise.all(folders.map(({ path }) => verifyCheckpointFiles(path)))
  return folders.filter((_, index) => reports[index]?.problems.length === 0).sort((a, b) => a.step - b.step)
}

/**
 * `checkpoint-<step>` folders of transformers' Trainer in `folder`, the newest complete one first.
 * The Trainer writes `trainer_state.json` last. A full disk may still have cut the weights.
 */
export async function listTrainerCheckpoints(folder: string): Promise<SavedState[]> {
  const folders = await stepFolders(folder, 'checkpoint')
  const found = await Promise.all(folders.map(({ path, step }) => describe(path, step)))
  return found.sort((a, b) => Number(b.complete) - Number(a.complete) || b.step - a.step)
}

const worldFile = z.object({ world: z.int().positive() })

async function describe(path: string, step: number): Promise<SavedState> {
  const read = (name: string) => readFile(join(path, name), 'utf8').catch(() => null)
  const state = await read('trainer_state.json')
  const complete =
    state !== null && state.trimEnd().endsWith('}') && (await verifyWeightFiles(path)).problems.length === 0
  return { step, path, complete, world: worldIn(await read('hone.json')) }
}

/**
 * The number of processes in a `hone.json`; null for checkpoints of versions that did not write it.
 */
const worldIn = (text: string | null): number | null =>
  text === null ? null : (worldFile.safeParse(parseJson(text)).data?.world ?? null)

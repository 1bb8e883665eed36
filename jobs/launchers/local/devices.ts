import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { errorCode, HoneError } from '../../../domain/errors.ts'
import type { JobFile } from '../folder.ts'

const run = promisify(execFile)
const smiTimeoutMs = 20_000

/**
 * The devices that jobs of this machine share: GPUs by their names for CUDA, and slots for
 * trainings without a GPU.
 */
export interface Devices {
  gpus: readonly string[]
  slots: number
}

/** How many of one kind of device a job takes for itself. */
export interface Wish {
  kind: 'gpu' | 'slot'
  count: number
}

/**
 * The machine's GPUs as `CUDA_VISIBLE_DEVICES` names them: the GPUs that the worker itself may see,
 * or all GPUs that nvidia-smi lists. Empty without nvidia-smi. Throws when nvidia-smi is there and
 * fails, because such a machine may have GPUs.
 */
export async function detectGpus(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const visible = environment['CUDA_VISIBLE_DEVICES']
  if (visible !== undefined) {
    const names = visible.split(',').map((name) => name.trim())
    return names.filter((name) => name !== '' && name !== '-1' && name !== 'NoDevFiles')
  }
  try {
    const options = { env: environment, timeout: smiTimeoutMs }
    const { stdout } = await run('nvidia-smi', ['--query-gpu=index', '--format=csv,noheader'], options)
    return stdout.split('\n').flatMap((line) => (/^\s*\d+\s*$/.test(line) ? [line.trim()] : []))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw new Error(`nvidia-smi cannot list this machine's GPUs: ${String(error)}`, { cause: error })
  }
}

/**
 * The devices that a job takes. A training that names no number takes one GPU if the place has
 * GPUs: a program that sees several GPUs and was planned for one process may spread itself over all
 * of them unasked. A training without GPUs takes a slot. Servers and tasks without GPUs take
 * nothing and never wait.
 */
export function wishOf({ kind, resources }: Pick<JobFile, 'kind' | 'resources'>, { gpus }: Devices): Wish | null {
  if (resources.gpus !== undefined && resources.gpus > 0) return { kind: 'gpu', count: resources.gpus }
  if (kind !== 'train') return null
  if (resources.gpus === undefined && gpus.length > 0) return { kind: 'gpu', count: 1 }
  return { kind: 'slot', count: 1 }
}

/** Names of the devices that can meet a wish. */
export function devicesFor({ kind }: Wish, { gpus, slots }: Devices): string[] {
  if (kind === 'gpu') return gpus.map((name) => `gpu-${name}`)
  return Array.from({ length: slots }, (_, index) => `slot-${index}`)
}

/** Throws InvalidInput for a job that asks for more devices than the place has. */
export function requireDevices(key: string, wish: Wish, devices: Devices, place: string): void {
  const count = devicesFor(wish, devices).length
  if (wish.count <= count) return
  const what = wish.kind === 'gpu' ? 'GPUs' : 'slots for trainings'
  throw new HoneError({
    type: 'InvalidInput',
    message: `Job ${key} asks for ${wish.count} ${what}, and place ${place} has ${count}.`,
    nextStep: 'Ask for fewer in the recipe, or name a place that has them in the site file.',
  })
}

/**
 * Environment of a job that holds devices; a training without GPUs sees no GPU, also on a machine
 * that has GPUs.
 */
export function deviceEnvironment({ kind }: Wish, held: readonly string[], { gpus }: Devices): Record<string, string> {
  // Without the second variable CUDA may count the devices by speed, and not as nvidia-smi does.
  const see = (names: string) => ({ CUDA_VISIBLE_DEVICES: names, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })
  if (kind === 'gpu') return see(held.map((name) => name.slice('gpu-'.length)).join(','))
  return gpus.length > 0 ? see('') : {}
}

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../../domain/errors.ts'
import { askLimits } from './limits.ts'
import type { Limits } from './limits.ts'
import type { SlurmSettings } from './options.ts'
import type { Scheduler } from './scheduler.ts'

/** A problem that keeps a place from taking jobs, and its fix. */
export interface Problem {
  problem: string
  fix: string
}

const needed = ['sbatch', 'squeue', 'scontrol', 'scancel', 'sinfo']

async function examineFolder(root: string): Promise<Problem[]> {
  try {
    await mkdir(root, { recursive: true })
    const probe = await mkdtemp(join(root, '.probe-'))
    await rm(probe, { recursive: true })
    return []
  } catch (error) {
    const fix = 'Name a folder that the worker and the nodes share and may write to.'
    return [{ problem: `The folder of the jobs, ${root}, cannot be written to: ${describeError(error)}`, fix }]
  }
}

async function examineCommands(scheduler: Scheduler): Promise<Problem[]> {
  for (const program of needed) {
    try {
      const { code, stderr } = await scheduler.command(program, ['--version'])
      if (code === 0) continue
      const fix = "See that Slurm's commands work there by hand."
      return [{ problem: `${program} on ${scheduler.where} fails: ${stderr.trim().slice(0, 300)}`, fix }]
    } catch (error) {
      const fix = "Install Slurm's commands there, name their folder (`bin`), or correct `ssh` in the site file."
      return [{ problem: describeError(error).split('\n', 1)[0] ?? '', fix }]
    }
  }
  const { code, stdout, stderr } = await scheduler.command('scontrol', ['ping'])
  if (code === 0 && /\bUP\b/.test(stdout)) return []
  const said = (stdout.trim() || stderr.trim()).split('\n', 1)[0] ?? ''
  return [{ problem: `The controller of Slurm does not answer: ${said}`, fix: 'Ask who runs the cluster.' }]
}

/** The problems of a partition that keep jobs with these settings from ever starting. */
export function examineLimits(limits: Limits | null, settings: SlurmSettings): Problem[] {
  const { partition: wanted, gpuType, resources } = settings
  if (limits === null) {
    const which = wanted === undefined ? 'no default partition' : `no partition ${wanted}`
    return [
      { problem: `Slurm has ${which}.`, fix: 'Set `partition` in the site file to a partition that `sinfo` lists.' },
    ]
  }
  const { name, state } = limits.partition
  const problems: Problem[] = []
  if (state !== 'UP') {
    problems.push({
      problem: `Partition ${name} is ${state}: jobs wait there.`,
      fix: 'Name another partition, or wait.',
    })
  }
  const usable = limits.nodes.filter((node) => !/^(down|drain|fail|error|unknown|inval)/i.test(node.state))
  if (usable.length === 0) {
    const fix = 'Ask who runs the cluster, or name another partition.'
    problems.push({ problem: `All ${limits.nodes.length} nodes of partition ${name} are down.`, fix })
  }
  const gpus = resources.gpus ?? 0
  if (gpus > limits.gpus || (gpuType !== undefined && limits.gpus === 0)) {
    const what = gpuType === undefined ? 'GPUs' : `GPUs of type ${gpuType}`
    const problem = `The site file gives jobs ${gpus} ${what}, and partition ${name} has at most ${limits.gpus} a node.`
    problems.push({ problem, fix: 'Correct `resources`, `gpuType` or `partition` of the place.' })
  }
  return problems
}

/**
 * The problems that keep a place with Slurm from taking jobs. Empty without problems. Submits
 * nothing.
 */
export async function examineSlurm(
  scheduler: Scheduler,
  { root, settings }: { root: string; settings: SlurmSettings },
): Promise<Problem[]> {
  const folder = await examineFolder(root)
  const commands = await examineCommands(scheduler).catch((error: unknown) => [
    { problem: describeError(error), fix: 'Try the same command by hand.' },
  ])
  if (commands.length > 0) return [...folder, ...commands]
  try {
    return [...folder, ...examineLimits(await askLimits(scheduler, settings), settings)]
  } catch (error) {
    return [...folder, { problem: describeError(error), fix: 'Ask who runs the cluster.' }]
  }
}

import { HoneError } from '../../../domain/errors.ts'
import type { CommandKind, JobResources } from '../../command.ts'
import { parsePartitions, parseSinfo, sinfoFormat } from './answers.ts'
import type { NodeKind, Partition } from './answers.ts'
import type { Scheduler } from './scheduler.ts'

/** The offer of a partition: the most that one job can get on one node. */
export interface Limits {
  partition: Partition
  /** GPUs of the wanted type, if a type is wanted. */
  gpus: number
  cpus: number
  memoryGib: number
  nodes: NodeKind[]
}

/** TERM may come a minute before it is due: Slurm looks at its clock once a minute. */
const signalSlackSeconds = 60

/**
 * Asks for the partition of this name, or for the default partition. Null: there is no such
 * partition. Throws when Slurm does not answer.
 */
export async function askLimits(
  scheduler: Scheduler,
  { partition: wanted, gpuType }: { partition?: string | undefined; gpuType?: string | undefined },
): Promise<Limits | null> {
  const shown = await scheduler.command('scontrol', ['--all', '--oneliner', 'show', 'partition'])
  if (shown.code !== 0) throw new Error(`scontrol failed: ${shown.stderr.trim()}`)
  const partitions = parsePartitions(shown.stdout)
  const partition = partitions.find(({ name, isDefault }) => (wanted === undefined ? isDefault : name === wanted))
  if (partition === undefined) return null
  const options = ['--noheader', '--Node', `--partition=${partition.name}`, `--format=${sinfoFormat}`]
  const listed = await scheduler.command('sinfo', options)
  if (listed.code !== 0) throw new Error(`sinfo failed: ${listed.stderr.trim()}`)
  const nodes = parseSinfo(listed.stdout)
  const gpusOf = ({ gpus }: NodeKind) =>
    gpuType === undefined ? [...gpus.values()].reduce((sum, count) => sum + count, 0) : (gpus.get(gpuType) ?? 0)
  const most = (of: (node: NodeKind) => number) => Math.max(0, ...nodes.map(of))
  return {
    partition,
    gpus: most(gpusOf),
    cpus: most(({ cpus }) => cpus),
    memoryGib: most(({ memoryGib }) => memoryGib),
    nodes,
  }
}

/** The resources of a job, completed by the place's defaults. */
export function resourcesOf(
  { kind, resources }: { kind: CommandKind; resources: JobResources },
  defaults: JobResources,
): JobResources {
  const { gpus, ...rest } = defaults
  const filled = { ...rest, ...resources }
  return kind === 'task' || gpus === undefined ? filled : { gpus, ...filled }
}

/**
 * The time limit to request in minutes: the job's hours, then its grace and the minute by which
 * Slurm may be early, but at most the partition's limit. Null: the job sets no hours.
 */
export function limitMinutes(hours: number | undefined, graceSeconds: number, maxMinutes: number | null) {
  if (hours === undefined) return null
  const wanted = Math.ceil(hours * 60 + (graceSeconds + signalSlackSeconds) / 60)
  return maxMinutes === null ? wanted : Math.min(wanted, maxMinutes)
}

const hoursText = (minutes: number) => `${Number((minutes / 60).toFixed(2))} h`

/** Why the partition can never give a job its resources. Null when the partition can. */
export function whyImpossible({ partition, ...most }: Limits, wish: JobResources, gpuType?: string): string | null {
  const what = gpuType === undefined ? 'GPUs' : `GPUs of type ${gpuType}`
  const { gpus = 0, cpus = 0, memoryGib = 0, hours = 0 } = wish
  const name = `partition ${partition.name}`
  if (gpus > most.gpus) return `${gpus} ${what} asked, ${name} has at most ${most.gpus} a node`
  if (cpus > most.cpus) return `${cpus} processors asked, ${name} has at most ${most.cpus} a node`
  if (memoryGib > most.memoryGib) {
    return `${memoryGib} GiB of memory asked, ${name} has at most ${Number(most.memoryGib.toFixed(1))} GiB a node`
  }
  if (partition.maxMinutes !== null && hours * 60 > partition.maxMinutes) {
    return `${hours} h asked, ${name} lets a job run for at most ${hoursText(partition.maxMinutes)}`
  }
  return null
}

/** Throws InvalidInput for a job that the place can never run. */
export function requirePossible(key: string, why: string | null): void {
  if (why === null) return
  throw new HoneError({
    type: 'InvalidInput',
    message: `Job ${key} cannot run: ${why}.`,
    nextStep: 'Ask for less in the recipe, or name another partition or place in the site file.',
  })
}

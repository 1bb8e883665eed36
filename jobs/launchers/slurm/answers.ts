/** A job in Slurm's answers. Times are milliseconds since the epoch. */
export interface SchedulerJob {
  id: string
  name: string
  /** e.g. `PENDING`, `OUT_OF_MEMORY`, without the additions of some commands. */
  state: string
  /** Why the job waits or failed, e.g. `Resources`. Empty without a reason. */
  reason: string
  /** Null when the answer does not hold comments. */
  comment: string | null
  submittedAt: number | null
  startedAt: number | null
  /** Null: no limit, or not known. */
  limitMinutes: number | null
  /** Empty before the job has a node. */
  node: string
}

/**
 * `%k` is Hone's own comment and holds no bar. The name comes last, because it may hold anything.
 */
export const squeueFormat = '%i|%T|%r|%V|%S|%l|%N|%k|%j'
export const sacctFormat = 'JobID,State,Submit,Start,Timelimit,NodeList,JobName'

const nothing = /^(\(null\)|None|N\/A|NONE|Unknown|NOT_SET|None assigned)?$/

const textOf = (text: string | undefined) => (text === undefined || nothing.test(text) ? '' : text)

/** Reads `2026-11-30T16:40:19`, which Slurm gives in UTC. Null for a text that is not a time. */
export function parseTime(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return null
  const time = Date.parse(`${text}Z`)
  return Number.isNaN(time) ? null : time
}

/**
 * Reads `90`, `1:30`, `2:00:00`, `1-12`, `1-12:30:00` as minutes, rounded up. Null for `UNLIMITED`
 * and for a text that is not a time.
 */
export function parseMinutes(text: string): number | null {
  const found = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text.trim())
  if (found === null) return null
  const [days, first, second, third] = found.slice(1).map((part) => (part === undefined ? null : Number(part)))
  if (first === null || first === undefined) return null
  if (days !== null && days !== undefined) {
    return days * 1440 + first * 60 + (second ?? 0) + Math.ceil((third ?? 0) / 60)
  }
  if (third !== null && third !== undefined) return first * 60 + (second ?? 0) + Math.ceil(third / 60)
  return first + Math.ceil((second ?? 0) / 60)
}

/** Removes the additions from states such as `CANCELLED by 1000` and `FAILED+`. */
export function parseState(text: string): string {
  return /^[A-Z_]+/.exec(text.trim())?.[0] ?? ''
}

const jobId = /^\d+$/

/**
 * Parses lines of `squeue -h -o` {@link squeueFormat}. Skips other lines (a banner, another user's
 * arrays).
 */
export function parseSqueue(text: string): SchedulerJob[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', state = '', reason, submitted = '', started = '', limit = '', node, comment, ...name] =
      line.split('|')
    if (!jobId.test(id) || name.length === 0 || parseState(state) === '') return []
    return [
      {
        id,
        name: name.join('|'),
        state: parseState(state),
        reason: textOf(reason),
        comment: textOf(comment),
        submittedAt: parseTime(submitted),
        startedAt: parseTime(started),
        limitMinutes: parseMinutes(limit),
        node: textOf(node),
      },
    ]
  })
}

/** Parses lines of `sacct -X -n -P -o` {@link sacctFormat}. */
export function parseSacct(text: string): SchedulerJob[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', state = '', submitted = '', started = '', limit = '', node, ...name] = line.split('|')
    if (!jobId.test(id) || name.length === 0 || parseState(state) === '') return []
    return [
      {
        id,
        name: name.join('|'),
        state: parseState(state),
        reason: '',
        comment: null,
        submittedAt: parseTime(submitted),
        startedAt: parseTime(started),
        limitMinutes: parseMinutes(limit),
        node: textOf(node),
      },
    ]
  })
}

/**
 * Parses one line of `scontrol show job -o`. Null when the line is not a job. Hone's names and
 * comments hold no blanks.
 */
export function parseScontrolJob(text: string): SchedulerJob | null {
  const of = (key: string) => new RegExp(`(?:^|\\s)${key}=(\\S*)`).exec(text)?.[1]
  const id = of('JobId')
  const state = parseState(of('JobState') ?? '')
  if (id === undefined || !jobId.test(id) || state === '') return null
  return {
    id,
    name: of('JobName') ?? '',
    state,
    reason: textOf(of('Reason')),
    comment: textOf(of('Comment')),
    submittedAt: parseTime(of('SubmitTime') ?? ''),
    startedAt: parseTime(of('StartTime') ?? ''),
    limitMinutes: parseMinutes(of('TimeLimit') ?? ''),
    node: textOf(of('NodeList')),
  }
}

/**
 * The job's id in the output of `sbatch --parsable`, which may follow other text of the site. Null
 * without an id.
 */
export function parseSubmitted(text: string): string | null {
  for (const line of text.trim().split('\n').toReversed()) {
    const found = /^(\d+)(?:;\S*)?$/.exec(line.trim())
    if (found !== null) return found[1] ?? null
  }
  return null
}

/** A partition in the output of `scontrol show partition -o`. */
export interface Partition {
  name: string
  isDefault: boolean
  /** e.g. `UP`, `DOWN`, `DRAIN`, `INACTIVE`. */
  state: string
  /** Null: no limit. */
  maxMinutes: number | null
}

/** Parses lines of `scontrol show partition -o`. */
export function parsePartitions(text: string): Partition[] {
  return text.split('\n').flatMap((line) => {
    const of = (key: string) => new RegExp(`(?:^|\\s)${key}=(\\S*)`).exec(line)?.[1]
    const name = of('PartitionName')
    if (name === undefined) return []
    const limit = of('MaxTime') ?? ''
    return [
      {
        name,
        isDefault: of('Default') === 'YES',
        state: parseState(of('State') ?? ''),
        maxMinutes: parseMinutes(limit),
      },
    ]
  })
}

/** A node, or several equal nodes. */
export interface NodeKind {
  /** Number of GPUs by type. The type is empty for GPUs without a type. */
  gpus: Map<string, number>
  cpus: number
  memoryGib: number
  /** e.g. `idle`, `down*`. */
  state: string
}

export const sinfoFormat = '%G|%c|%m|%T'

/** Number of GPUs by type in `gpu:2`, `gpu:a100:4(S:0-1),shard:8` or `(null)`. */
export function parseGpus(text: string): Map<string, number> {
  const gpus = new Map<string, number>()
  for (const item of text.replace(/\([^)]*\)/g, '').split(',')) {
    const found = /^gpu(?::([^:]*[^:\d][^:]*))?(?::(\d+))?$/.exec(item.trim())
    if (found === null) continue
    const type = found[1] ?? ''
    gpus.set(type, (gpus.get(type) ?? 0) + Number(found[2] ?? 1))
  }
  return gpus
}

/** Parses lines of `sinfo -h -N -o` {@link sinfoFormat}. */
export function parseSinfo(text: string): NodeKind[] {
  return text.split('\n').flatMap((line) => {
    const [gres = '', cpus = '', memory = '', state = ''] = line.trim().split('|')
    const [cpuCount, mib] = [Number.parseInt(cpus, 10), Number.parseInt(memory, 10)]
    if (state === '' || Number.isNaN(cpuCount) || Number.isNaN(mib)) return []
    return [{ gpus: parseGpus(gres), cpus: cpuCount, memoryGib: mib / 1024, state }]
  })
}

import { join } from 'node:path'
import { parseSacct, parseScontrolJob, parseSqueue, sacctFormat, squeueFormat } from './answers.ts'
import type { SchedulerJob } from './answers.ts'
import type { Answer, RunOptions, Transport } from './transport.ts'

/** Slurm's commands at one place. */
export interface Scheduler {
  readonly where: string
  /** Runs one of Slurm's commands; see {@link Transport.run}. */
  command(program: string, args: readonly string[], options?: RunOptions): Promise<Answer>
  /**
   * Hone's jobs of these names in any state, by one question. Slurm remembers finished jobs for
   * minutes only. Throws when the scheduler does not answer.
   */
  queue(names: readonly string[]): Promise<SchedulerJob[]>
  /**
   * A job by its id. Null when the controller does not know the id. Throws when the controller does
   * not answer.
   */
  job(id: string): Promise<SchedulerJob | null>
  /**
   * Accounting's jobs by name since a time (milliseconds since the epoch). Null when there is no
   * accounting.
   */
  history(names: readonly string[], since: number): Promise<SchedulerJob[] | null>
}

/** More names do not fit a command line. Then all jobs of the user are listed. */
const mostNames = 300
const noSuchJob = /Invalid job id/i

const say = (program: string, { code, stderr, stdout }: Answer) =>
  `${program} failed (${code}): ${(stderr.trim() || stdout.trim()).slice(0, 500)}`

/** Slurm's commands over a transport. `bin` is their folder when they are not in the PATH. */
export function createScheduler(
  transport: Transport,
  { bin, timeoutSeconds }: { bin?: string | undefined; timeoutSeconds: number },
): Scheduler {
  const command: Scheduler['command'] = async (program, args, options = {}) => {
    const path = bin === undefined ? program : join(bin, program)
    return await transport.run([path, ...args], { timeoutSeconds, ...options })
  }
  return {
    where: transport.where,
    command,
    queue: async (names) => {
      const few = names.length <= mostNames ? [`--name=${names.join(',')}`] : []
      const args = ['--me', '--all', '--states=all', '--noheader', `--format=${squeueFormat}`, ...few]
      const answer = await command('squeue', args)
      if (answer.code !== 0) throw new Error(say('squeue', answer))
      const asked = new Set(names)
      return parseSqueue(answer.stdout).filter(({ name }) => asked.has(name))
    },
    job: async (id) => {
      const answer = await command('scontrol', ['--oneliner', 'show', 'job', id])
      const found = answer.code === 0 ? parseScontrolJob(answer.stdout) : null
      if (found !== null) return found
      if (noSuchJob.test(answer.stderr + answer.stdout)) return null
      throw new Error(say('scontrol', answer))
    },
    history: async (names, since) => {
      // Accounting keeps local time, and we ask in UTC. A start one day earlier does no harm: each
      // name belongs to one job.
      const from = new Date(since - 86_400_000).toISOString().slice(0, 19)
      const wanted = [`--name=${names.slice(0, mostNames).join(',')}`, `--starttime=${from}`]
      const args = ['--allocations', '--noheader', '--parsable2', `--format=${sacctFormat}`, ...wanted]
      const answer = await command('sacct', args).catch(() => null)
      return answer === null || answer.code !== 0 ? null : parseSacct(answer.stdout)
    },
  }
}

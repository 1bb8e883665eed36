import { spawn } from 'node:child_process'
import { errorCode, HoneError } from '../../../domain/errors.ts'

/** The answer of a command. `code` is null when a signal ended the command. */
export interface Answer {
  code: number | null
  stdout: string
  stderr: string
}

/** It is not known whether the command did its work: it took too long, or the connection broke. */
export class NoAnswer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoAnswer'
  }
}

export interface RunOptions {
  /** Text for its standard input. */
  input?: string
  timeoutSeconds?: number
}

/** Runs commands on the machine that has Slurm. */
export interface Transport {
  /** For messages, e.g. `this machine`. */
  readonly where: string
  /**
   * Throws {@link NoAnswer} when the command took too long or the connection broke. Throws
   * HoneError (MissingDependency) when the command does not exist. A command that fails is an
   * answer.
   */
  run(words: readonly string[], options?: RunOptions): Promise<Answer>
  /**
   * The `host:port` at which this process reaches a port of a node. Undefined when only the network
   * itself leads there.
   */
  forward?(host: string, port: number): Promise<string>
  /** Closes the tunnel to a port, if there is a tunnel. */
  unforward?(host: string, port: number): void
  /** Ends what the transport keeps running. It can be used again. */
  close(): void
}

const defaultTimeoutSeconds = 60
const longestOutput = 16 << 20

/**
 * Runs a command to its end. Throws {@link NoAnswer} after the time limit, and the error of `spawn`
 * when the command cannot be started.
 */
export async function execute(
  words: readonly string[],
  { input, timeoutSeconds = defaultTimeoutSeconds, env }: RunOptions & { env?: NodeJS.ProcessEnv },
): Promise<Answer> {
  const [program = '', ...args] = words
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', env })
    const text = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8')
      child[name].on('data', (more: string) => {
        if (text[name].length < longestOutput) text[name] += more
      })
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new NoAnswer(`${program} did not answer within ${timeoutSeconds} s`))
    }, timeoutSeconds * 1000)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    // The command may end without having read its input.
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, ...text })
    })
  })
}

/**
 * A worker may run inside a Slurm job. The variables of that job would become options of our
 * commands.
 */
const misleading = /^(SLURM|SQUEUE|SINFO|SACCT|SCANCEL)_/
const kept = new Set(['SLURM_CONF', 'SLURM_CLUSTERS'])

/** Makes answers the same for every locale and every setting of the user. Times are UTC. */
export const plainAnswers = { TZ: 'UTC', LC_ALL: 'C', SLURM_TIME_FORMAT: 'standard' }

/** Runs Slurm's commands on this machine. `env` is added to their environment, e.g. SLURM_CONF. */
export function localTransport({ env = {} }: { env?: Record<string, string> }): Transport {
  return {
    where: 'this machine',
    run: async (words, options = {}) => {
      const own = Object.entries(process.env).filter(([name]) => kept.has(name) || !misleading.test(name))
      try {
        return await execute(words, { ...options, env: { ...Object.fromEntries(own), ...env, ...plainAnswers } })
      } catch (error) {
        if (errorCode(error) !== null) throw noCommand(words[0] ?? '', 'this machine', error)
        throw error
      }
    },
    close: () => {},
  }
}

/** The error for a command that does not exist or may not be run. */
export function noCommand(program: string, where: string, cause?: unknown): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `The command ${program} cannot be run on ${where}.`,
    nextStep:
      "Install Slurm's commands there, name their folder (`bin`) in the site file, or use a login node (`ssh`).",
    cause,
  })
}

import type { JobResources } from '../domain/job-resources.ts'

export { jobResources } from '../domain/job-resources.ts'
export type { JobResources } from '../domain/job-resources.ts'

/**
 * How a job uses its place. `train` takes the place's devices for itself. `serve` listens on a port
 * until it is ended. `task` is short work beside other jobs, e.g. merging or checking weights.
 */
export const commandKinds = ['train', 'serve', 'task'] as const
export type CommandKind = (typeof commandKinds)[number]

/**
 * How to run a program. Every path is as the job sees it. `argv` runs without a shell. `env` is
 * written to files and must hold no secret. `secretEnv` names variables of the worker's own
 * environment that the job receives.
 *
 * The job's wrapper picks a free port on the machine of a `serve` job. It replaces the marks
 * `{port}` and `{host}` in `argv` and `env` by this port and by the address to listen on.
 */
export interface Command {
  kind: CommandKind
  argv: string[]
  env: Record<string, string>
  secretEnv: string[]
  cwd: string
  /** Seconds between the request to end and the kill. */
  gracePeriodSeconds: number
  resources: JobResources
  /**
   * Shell lines that run before the program, e.g. `module load cuda/12.4`. The same shell then
   * becomes the program.
   */
  setup: string[]
}

/** The folder of a job: its path in this process and its path in the job. */
export interface RunFolder {
  /** The job's key. */
  key: string
  /** Absolute path as this process sees the folder. */
  here: string
  /** Absolute path as the job sees the folder. */
  there: string
  /**
   * The path under which the job sees another path of this process (weights, pictures). Throws
   * HoneError (InvalidInput) for a path that the job's machine does not see.
   */
  see(path: string): string
}

/** The programs of one product at a place: a Python, and the steps that run before it. */
export interface Environment {
  /** e.g. `trl`, `llamafactory`, `vllm`. */
  name: string
  /** The Python of the environment, as the job sees it. */
  python: string
  /** Added to the job's environment. */
  env: Record<string, string>
  /** Shell lines that run before the program; see {@link Command}. */
  setup: string[]
  /** Words in front of `argv`, e.g. `apptainer exec --nv image.sif`. */
  prefix: string[]
}

/** Adds the environment's prefix, variables and setup lines to a command. */
export function inEnvironment(command: Command, { env, setup, prefix }: Environment): Command {
  return {
    ...command,
    argv: [...prefix, ...command.argv],
    env: { ...env, ...command.env },
    setup: [...setup, ...command.setup],
  }
}

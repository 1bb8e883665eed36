import type { JobResources } from '../domain/job-resources.ts'

export { jobResources } from '../domain/job-resources.ts'
export type { JobResources } from '../domain/job-resources.ts'

/**
 * What a job is to its place. `train` takes the place's devices for itself; `serve` listens on a
 * port until it is ended; `task` is short work beside the others (merging weights, looking at
 * them).
 */
export const commandKinds = ['train', 'serve', 'task'] as const
export type CommandKind = (typeof commandKinds)[number]

/**
 * How to run a program. Every path is as the job sees it. No shell: `argv` is what runs. `env` is
 * written to files and must hold nothing secret; `secretEnv` names variables of the worker's own
 * environment that the job receives.
 *
 * The program of a `serve` job listens where it is told: the job's wrapper picks a free port where
 * the job runs, and puts it and the address to listen on in the place of the marks `{port}` and
 * `{host}` in `argv` and `env`.
 */
export interface Command {
  kind: CommandKind
  argv: string[]
  env: Record<string, string>
  secretEnv: string[]
  cwd: string
  /** Seconds between a request to end and the kill. */
  gracePeriodSeconds: number
  resources: JobResources
  /**
   * Shell lines that run before the program, in the shell that then becomes it, e.g. `module load
   * cuda/12.4`.
   */
  setup: string[]
}

/** A folder of a job, seen from both sides. */
export interface RunFolder {
  /** The job's key. */
  key: string
  /** Absolute path as this process sees the folder. */
  here: string
  /** Absolute path as the job sees the folder. */
  there: string
  /**
   * Another path of this process (weights, pictures) as the job sees it.
   * @throws HoneError (InvalidInput) for a path that the job's machine does not see.
   */
  see(path: string): string
}

/** Programs of one product as a place has them: a Python, and what to do before it runs. */
export interface Environment {
  /** e.g. `trl`, `llamafactory`, `vllm`. */
  name: string
  /** The Python of the environment, as the job sees it. */
  python: string
  /** Added to the job's environment. */
  env: Record<string, string>
  /** Shell lines before the program; see {@link Command}. */
  setup: string[]
  /** Put before `argv`, e.g. `apptainer exec --nv image.sif`. */
  prefix: string[]
}

/** The command as it runs in an environment: with the environment's prefix, variables and setup. */
export function inEnvironment(command: Command, { env, setup, prefix }: Environment): Command {
  return {
    ...command,
    argv: [...prefix, ...command.argv],
    env: { ...env, ...command.env },
    setup: [...setup, ...command.setup],
  }
}

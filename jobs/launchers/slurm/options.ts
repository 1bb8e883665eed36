import { z } from 'zod'
import { jobResources } from '../../command.ts'

const absolute = z.string().regex(/^\//, 'must be an absolute path')
const word = z.string().regex(/^[^\s\0]+$/, 'must be one word')

const fields = z.strictObject({
  /** Partition of all jobs. Default: the cluster's default partition. */
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /**
   * GPUs of a node, for plans made where Slurm cannot be asked. At the start Slurm's own answer
   * counts.
   */
  gpusPerNode: z.int().min(0).max(64).optional(),
  /** Use GPUs of this type only, as in `--gres=gpu:<type>:<count>`. */
  gpuType: word.optional(),
  /** Resources of a job that asks for none. Only trainings and servers get GPUs. */
  resources: jobResources.default({}),
  /** The site's own arguments for sbatch, e.g. `--constraint=a100`. They come last and win. */
  sbatchArguments: z.array(z.string().regex(/^-/, 'must begin with -')).default([]),
  /** Folder of Slurm's commands when they are not in the PATH. */
  bin: absolute.optional(),
  /** Added to the environment of Slurm's commands, e.g. SLURM_CONF. */
  commandEnv: z.record(z.string(), z.string()).default({}),
  /** The Python, 3.6 or newer, that runs the wrapper on a node. The jobs use another Python. */
  python: z.string().min(1).default('python3'),
  /** Login node where the commands run. Default: this machine. */
  ssh: z
    .strictObject({
      host: z.string().regex(/^[^-\s][^\s]*$/, 'must be a host name'),
      user: word.optional(),
      port: z.int().min(1).max(65535).optional(),
      identityFile: absolute.optional(),
      knownHostsFile: absolute.optional(),
      configFile: z.union([absolute, z.literal('none')]).optional(),
    })
    .optional(),
  /**
   * Whether to reach servers on the nodes through the login node, for a worker outside of the
   * cluster's network.
   */
  tunnel: z.boolean().default(false),
  /** Folders that this process and the jobs see under different names. */
  paths: z.array(z.strictObject({ here: absolute, there: absolute })).default([]),
  /** Address that servers on the nodes listen on. */
  listen: z.string().default('0.0.0.0'),
  pollSeconds: z.number().positive().default(15),
  /** How long an exit record may be late, e.g. because of the caches of a network file system. */
  exitGraceSeconds: z.number().nonnegative().default(60),
  /**
   * A job is lost after the scheduler did not know it, and its files did not change, for this long.
   */
  lostGraceSeconds: z.number().nonnegative().default(180),
  /** How long to look for a submission that got no answer before submitting again. */
  doubtSeconds: z.number().nonnegative().default(30),
  /** Longest time for one command. */
  commandTimeoutSeconds: z.number().positive().default(60),
})
/** The keys of a place with Slurm in a site file. All are optional. */
export const slurmSettings = fields.refine(({ tunnel, ssh }) => !tunnel || ssh !== undefined, {
  message: 'a tunnel needs a login node (`ssh`)',
  path: ['tunnel'],
})
export type SlurmSettings = z.infer<typeof slurmSettings>
/** The keys as a site file has them, before the defaults. */
export type SlurmSettingsInput = z.input<typeof slurmSettings>

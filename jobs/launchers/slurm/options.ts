import { z } from 'zod'
import { jobResources } from '../../command.ts'

const absolute = z.string().regex(/^\//, 'must be an absolute path')
const word = z.string().regex(/^[^\s\0]+$/, 'must be one word')

const fields = z.strictObject({
  /** Partition of all jobs; the cluster's default one when left out. */
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /**
   * GPUs that a node has, for plans made where Slurm cannot be asked; Slurm's own word counts at
   * the start.
   */
  gpusPerNode: z.int().min(0).max(64).optional(),
  /** GPUs of this type only, as in `--gres=gpu:<type>:<count>`. */
  gpuType: word.optional(),
  /** What a job gets that asks for nothing. GPUs go to trainings and servers only. */
  resources: jobResources.default({}),
  /** Arguments of the site for sbatch, e.g. `--constraint=a100`; they come last and win. */
  sbatchArguments: z.array(z.string().regex(/^-/, 'must begin with -')).default([]),
  /** Folder of Slurm's commands where they are not in the PATH. */
  bin: absolute.optional(),
  /** Added to the environment of Slurm's commands, e.g. SLURM_CONF. */
  commandEnv: z.record(z.string(), z.string()).default({}),
  /** The Python, 3.6 or newer, that runs the wrapper on a node; not the one of the jobs. */
  python: z.string().min(1).default('python3'),
  /** Login node where the commands run; this machine when left out. */
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
   * Reach servers on the nodes through the login node: for a worker outside of the cluster's
   * network.
   */
  tunnel: z.boolean().default(false),
  /** Folders that this process and the jobs see under different names. */
  paths: z.array(z.strictObject({ here: absolute, there: absolute })).default([]),
  /** Address that servers on the nodes listen on. */
  listen: z.string().default('0.0.0.0'),
  pollSeconds: z.number().positive().default(15),
  /** How long an exit record may be late, e.g. by the caches of a network file system. */
  exitGraceSeconds: z.number().nonnegative().default(60),
  /**
   * How long the scheduler must know nothing of a job, and its files stay silent, before it is
   * lost.
   */
  lostGraceSeconds: z.number().nonnegative().default(180),
  /** How long a submission without an answer is looked for before it is made again. */
  doubtSeconds: z.number().nonnegative().default(30),
  /** Longest time for one command. */
  commandTimeoutSeconds: z.number().positive().default(60),
})
/** What a site file says of a place with Slurm. Everything may be left out. */
export const slurmSettings = fields.refine(({ tunnel, ssh }) => !tunnel || ssh !== undefined, {
  message: 'a tunnel needs a login node (`ssh`)',
  path: ['tunnel'],
})
export type SlurmSettings = z.infer<typeof slurmSettings>
/** As a site file has them, before what is left out is filled in. */
export type SlurmSettingsInput = z.input<typeof slurmSettings>

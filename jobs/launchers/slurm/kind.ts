import { refusal } from '../../finding.ts'
import { launcherKind } from '../kind.ts'
import { createSlurmLauncher } from './launcher.ts'
import { slurmSettings } from './options.ts'

/** A partition of a Slurm cluster. Slurm's own commands run on this machine or on a login node. */
export const slurmKind = launcherKind('slurm', slurmSettings.shape, (settings) => ({
  check: ({ gpus = settings.resources.gpus ?? 0 }) =>
    settings.gpusPerNode === undefined || gpus <= settings.gpusPerNode
      ? []
      : [
          refusal(
            `${gpus} GPUs are asked for, and a node of the place has ${settings.gpusPerNode}`,
            'ask for fewer GPUs',
          ),
        ],
  open: ({ place, runs }) => createSlurmLauncher({ root: runs, place, settings }),
}))

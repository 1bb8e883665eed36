import { z } from 'zod'
import { refusal } from '../../finding.ts'
import { launcherKind } from '../kind.ts'
import { createLocalLauncher } from './launcher.ts'

/** Processes of the worker's own machine. */
export const localKind = launcherKind(
  'local',
  {
    /** Trainings without GPUs that run at once; the worker's own number when it is left out. */
    slots: z.int().min(1).max(64).optional(),
    /** GPUs that jobs may take, as nvidia-smi counts them; all of them when it is left out. */
    gpus: z.array(z.int().nonnegative()).optional(),
  },
  ({ slots, gpus }) => ({
    check: ({ gpus: wanted = 0 }) =>
      gpus === undefined || wanted <= gpus.length
        ? []
        : [refusal(`${wanted} GPUs are asked for, and the place has ${gpus.length}`, 'ask for fewer GPUs')],
    open: ({ place, runs, python, slots: usual }) =>
      createLocalLauncher({
        root: runs,
        place,
        python,
        slots: slots ?? usual,
        gpus: gpus ?? null,
      }),
  }),
)

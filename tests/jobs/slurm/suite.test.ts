import { afterAll, describe } from 'vitest'
import { whyNoSlurm } from '../../world/slurm-processes.ts'
import { launcherSuite } from '../launcher-suite.ts'
import { openSlurmPlace, stopSharedSlurm } from './world.ts'

const skipped = whyNoSlurm()

describe.skipIf(skipped !== null)(`on this machine${skipped === null ? '' : ` (skipped: ${skipped})`}`, () => {
  afterAll(stopSharedSlurm)
  launcherSuite('Slurm', {
    open: async () => (await openSlurmPlace()).world,
    hasScheduler: true,
    noMemoryLimit: null,
    timeoutMs: 90_000,
  })
})

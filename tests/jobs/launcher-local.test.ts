import { launcherSuite } from './launcher-suite.ts'
import { noMemoryLimit, openLocalWorld } from './local-world.ts'

launcherSuite('local', {
  open: async () => (await openLocalWorld()).world,
  hasScheduler: false,
  noMemoryLimit: await noMemoryLimit(),
  timeoutMs: 30_000,
})

import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import { createPoller } from '../../jobs/poller.ts'
import type { Places } from '../../jobs/site/place.ts'

/** Only the local place, over a folder of the test. Every environment is the Python on PATH. */
export function testPlaces(runs: string): Places {
  const launcher = createLocalLauncher({ root: runs })
  const place = {
    name: 'local',
    launcher,
    poll: createPoller(launcher),
    environment: (name: string) => ({ name, python: 'python3', env: {}, setup: [], prefix: [] }),
    reward: { url: 'http://127.0.0.1:9', tokenEnv: 'TOKEN' },
  }
  return { get: () => place, all: () => [place] }
}

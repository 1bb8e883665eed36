import { join } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { launcherKinds } from '../launchers/registry.ts'
import { createPoller } from '../poller.ts'
import { environmentsOf } from './environments.ts'
import type { MadeEnvironment } from './environments.ts'
import type { Place, Places } from './place.ts'
import { placeNames, specOf } from './site.ts'
import type { SiteFile } from './site.ts'

/** The parts of this machine that the places of a site need. */
export interface PlacesInput {
  site: SiteFile
  /** Parent folder of the jobs' folders. */
  runs: string
  /** A Python of this machine, for the wrapper of local jobs. */
  python: string
  made: MadeEnvironment
  /**
   * Trainings without GPUs that run at once on this machine, unless the site file sets the number.
   */
  slots: number
  /** Variables that lead to Hone's own Python package. */
  shared: Readonly<Record<string, string>>
  /** The reward server as this machine reaches it. */
  reward: { url: string; tokenEnv: string | null }
}

/** Opens every place of the site file. No scheduler is asked before the first job. */
export function openPlaces(input: PlacesInput): Places {
  const { site } = input
  const places = new Map(placeNames(site).map((name) => [name, openPlace(name, input)]))
  return {
    all: () => [...places.values()],
    get: (name) => {
      const place = places.get(name ?? site.default)
      if (place) return place
      throw new HoneError({
        type: 'InvalidRecipe',
        message: `there is no place "${name}": the site file has ${[...places.keys()].join(', ')}`,
        nextStep: 'add the place to the site file and restart the worker, or name another place in a new campaign',
      })
    },
  }
}

function openPlace(name: string, { site, runs, python, slots, made, shared, reward }: PlacesInput): Place {
  const spec = specOf(site, name)
  const kind = spec && launcherKinds[spec.launcher]
  if (!spec || !kind) throw new RangeError(`place ${name} is not of this site`)
  // A scheduler's jobs have a folder of their own, because Ctrl-C ends only jobs of this machine.
  const root = spec.launcher === 'local' ? runs : join(runs, `@${name}`)
  const launcher = kind.bind(spec).open({ place: name, runs: root, python, slots })
  return {
    name,
    launcher,
    poll: createPoller(launcher),
    environment: environmentsOf({ ...spec, name }, site.environments, made, shared),
    reward: { ...reward, url: spec.rewardUrl ?? rewardUrlOf(site, spec.launcher, reward.url) },
  }
}

/**
 * The URL of the reward server. Other machines use the site's name for this machine. Jobs of this
 * machine use its own address.
 */
function rewardUrlOf({ reward }: SiteFile, launcher: string, url: string): string {
  if (launcher === 'local' || reward.host === undefined) return url
  const other = new URL(url)
  other.hostname = reward.host
  return other.href.replace(/\/$/, '')
}

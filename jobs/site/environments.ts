import { HoneError } from '../../domain/errors.ts'
import type { Environment } from '../command.ts'
import type { SiteEnvironment } from './site.ts'
import { own } from '../../domain/own.ts'

/**
 * Finds an environment that Hone made itself on this machine: a Python, and variables of its
 * programs. Null when Hone made none of that name.
 */
export type MadeEnvironment = (name: string) => { python: string; env: Record<string, string> } | null

/** The parts of a place that all of its environments share. */
interface PlaceSetup {
  name: string
  environments: Readonly<Record<string, SiteEnvironment>>
  modules: readonly string[]
  setup: readonly string[]
  env: Readonly<Record<string, string>>
}

const loads = (modules: readonly string[]): string[] => modules.map((module) => `module load ${module}`)

/**
 * Where the programs of an environment are: Python's path, and the words in front of every command.
 */
function programOf({ python, conda, image }: SiteEnvironment): { python: string; prefix: string[] } {
  if (python !== undefined) return { python, prefix: [] }
  if (conda !== undefined) return { python: `${conda}/bin/python`, prefix: [] }
  // --nv gives the host's GPUs to the container. Without GPUs it only warns.
  return { python: 'python3', prefix: ['apptainer', 'exec', '--nv', image ?? ''] }
}

/**
 * Finds the environment of a product at a place: the place's own, then the site's, then the
 * environment that Hone made. Every environment needs the variables of `shared` to find Hone's own
 * Python package.
 */
export function environmentsOf(
  place: PlaceSetup,
  site: Readonly<Record<string, SiteEnvironment>>,
  made: MadeEnvironment,
  shared: Readonly<Record<string, string>>,
): (name: string) => Environment {
  return (name) => {
    const common = { env: { ...place.env }, setup: [...loads(place.modules), ...place.setup] }
    const named = own(place.environments, name) ?? own(site, name)
    if (named !== undefined) {
      const env = { ...shared, ...common.env, ...named.env }
      return {
        name,
        ...programOf(named),
        env,
        setup: [...common.setup, ...loads(named.modules), ...named.setup],
      }
    }
    const found = made(name)
    if (found !== null)
      return { name, python: found.python, prefix: [], env: { ...found.env, ...common.env }, setup: common.setup }
    throw new HoneError({
      type: 'MissingDependency',
      message: `place "${place.name}" has no environment "${name}"`,
      nextStep: `make it with \`hone env ${name}\`, or name your found Python in the site file (environments.${name})`,
    })
  }
}

import { resolve } from 'node:path'
import { readSite } from '../jobs/site/read-site.ts'
import { openPlaces } from '../jobs/site/open-places.ts'
import type { Places } from '../jobs/site/place.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { trlEnvironment } from '../services/environments.ts'
import { honeCache, honeHome, homePaths } from '../services/home.ts'
import { madeEnvironment } from '../services/python.ts'
import type { Terminal } from './terminal.ts'

/** Help of `--site`, which several verbs have. */
export const siteHelp = 'where jobs run (docs/site.md); HONE_SITE, else site.yaml in the home, when left out'

/**
 * The site file that was named by option or variable, as an absolute path: the worker runs in
 * another folder.
 */
export function siteFileOf({ env }: Terminal, named?: string): string | undefined {
  const file = named ?? env['HONE_SITE']
  return file === undefined || file === '' ? undefined : resolve(file)
}

/** The site of a command. Throws InvalidInput when its file cannot be read or is not valid. */
export const siteOf = (terminal: Terminal, named?: string): Promise<SiteFile> =>
  readSite(honeHome(terminal.env), siteFileOf(terminal, named))

/** The site's places as a command looks at them: no job is submitted through them. */
export const placesToLookAt = (home: string, site: SiteFile, { env }: Pick<Terminal, 'env'>): Places =>
  openPlaces({
    site,
    runs: homePaths(home).runs,
    python: 'python3',
    slots: 1,
    // `hone dev` makes the trainer's environment before it starts a worker; `hone env` makes the
    // other environments.
    made: (name) =>
      name === trlEnvironment.name ? { python: 'python3', env: {} } : madeEnvironment(name, honeCache(env)),
    shared: {},
    reward: { url: '', tokenEnv: null },
  })

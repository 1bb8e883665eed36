import { resolve } from 'node:path'
import { readSite } from '../jobs/site/read-site.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { honeHome } from '../services/home.ts'
import type { Terminal } from './terminal.ts'

export const siteHelp = 'where jobs run (docs/site.md); HONE_SITE, else site.yaml in the home, when left out'

/** The site file that was named, by option or variable, as an absolute path: the worker runs in another folder. */
export function siteFileOf({ env }: Terminal, named?: string): string | undefined {
  const file = named ?? env['HONE_SITE']
  return file === undefined || file === '' ? undefined : resolve(file)
}

/** The site that a command goes by. Throws InvalidInput when its file cannot be read or is not valid. */
export const siteOf = (terminal: Terminal, named?: string): Promise<SiteFile> =>
  readSite(honeHome(terminal.env), siteFileOf(terminal, named))

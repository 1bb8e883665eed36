import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { messageOf } from '../domain/errors.ts'
import { specOf } from '../jobs/site/site.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { environmentNamed } from '../services/environments.ts'
import { own } from '../domain/own.ts'

const run = promisify(execFile)
const timeoutMs = 60_000
const lookForModules =
  'import sys, json, importlib.util as u; print(json.dumps([m for m in sys.argv[1:] if u.find_spec(m) is None]))'

/**
 * Says why a Python of the site file cannot be used for a product at a place: it does not run, or
 * it lacks a module. Null when it can be used. Also null where only a job can look: on another
 * machine, in a container; and for environments that Hone made.
 */
export async function environmentProblem(site: SiteFile, place: string, name: string): Promise<string | null> {
  const spec = specOf(site, place)
  const named = (spec && own(spec.environments, name)) ?? own(site.environments, name)
  const python = named?.python ?? (named?.conda === undefined ? undefined : `${named.conda}/bin/python`)
  if (spec?.launcher !== 'local' || python === undefined) return null
  const what = `environment "${name}" of place "${place}": ${python}`
  try {
    const { stdout } = await run(python, ['-c', lookForModules, ...environmentNamed(name).imports], {
      timeout: timeoutMs,
    })
    const missing = z.array(z.string()).parse(JSON.parse(stdout))
    return missing.length === 0 ? null : `${what} lacks ${missing.join(', ')}`
  } catch (error) {
    return `${what} does not run: ${messageOf(error).split('\n', 1)[0]}`
  }
}

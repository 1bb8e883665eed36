import { judgeFinding } from '../client/check-endpoints.ts'
import { probeEndpoints } from '../client/probe-endpoints.ts'
import { HoneError } from '../domain/errors.ts'
import type { Finding } from '../services/doctor.ts'
import { honeHome } from '../services/home.ts'
import { createProgress, quietProgress } from '../services/progress.ts'
import { demoPlaces } from '../services/stack/demo-world.ts'
import { readRecipeFile } from './recipe-file.ts'
import type { Terminal } from './terminal.ts'

/** A finding for each server and form of request of a recipe's endpoints. */
export async function endpointFindings(terminal: Terminal, file: string, isQuiet: boolean): Promise<Finding[]> {
  const { recipe } = await readRecipeFile(file)
  const progress = isQuiet ? quietProgress : createProgress(terminal.stderr)
  progress.start('endpoints')
  const { env } = terminal
  const asking = probeEndpoints(recipe, {
    env,
    demo: demoPlaces(honeHome(env)),
    onWaiting: (line) => progress.update(line),
  })
  const found = await asking.catch((error: unknown) => {
    progress.fail()
    if (error instanceof HoneError) return error
    throw error
  })
  if (found instanceof HoneError)
    return [{ name: 'endpoints', found: 'problem', detail: found.message, fix: found.nextStep }]
  progress.done(`${found.length} requests`)
  return found.map((finding): Finding => {
    const name = `endpoint ${finding.endpoint}`
    const { refused, note } = judgeFinding(finding)
    if (refused) return { name, found: 'problem', detail: refused.message, fix: refused.nextStep }
    if (note !== null) return { name, found: finding.probed.state === 'answered' ? 'ok' : 'missing', detail: note }
    return { name, found: 'ok', detail: `${finding.url} takes the requests of ${finding.users.join(', ')}` }
  })
}

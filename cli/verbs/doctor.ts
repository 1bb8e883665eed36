import { Command } from 'commander'
import { probe } from '../../jobs/launchers/probe.ts'
import { examine } from '../../services/doctor.ts'
import type { Finding } from '../../services/doctor.ts'
import { honeHome } from '../../services/home.ts'
import { jsonOption } from '../options.ts'
import { placesToLookAt, siteHelp, siteOf } from '../site.ts'
import { exitCodes, printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { doctorLines, stops } from '../text/doctor.ts'

const examples = `
Examples:
  $ hone doctor
  $ hone doctor my-recipe.yaml                 would its endpoints take the requests of its steps?
  $ hone doctor --site my-site.yaml --probe    can each place really run a job?
  $ hone doctor --json | jq '.findings[] | select(.found != "ok")'

Starts nothing and changes nothing. It asks no network but the schedulers of a site file, and with a recipe its
endpoints: each server gets one small request of each form that the steps send. With --probe it runs a job.
Variables are named; their values are never shown.
Exit codes: 0 everything required is here or Hone gets it by itself, 1 something required is missing.`

interface DoctorFlags {
  site?: string
  probe?: boolean
  json?: boolean
}

const probeSeconds = 120

/** `hone doctor`: what is found, what is missing, how to get it. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('Look at what Hone runs on: what is found, what is missing, and how to get it.')
    .argument('[recipe]', 'YAML file whose endpoints are asked')
    .option('--site <file>', siteHelp)
    .option('--probe', 'run an empty job at each place, for up to two minutes')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (recipe: string | undefined, options: DoctorFlags) => {
      const findings = [
        ...(await examine({ env: terminal.env })),
        ...(await placeFindings(terminal, options)),
        ...(recipe === undefined ? [] : await findingsOf(recipe, terminal, options)),
      ]
      const stopping = findings.filter(stops).map(({ name }) => name)
      printResult(terminal, options, { ok: stopping.length === 0, findings }, () => doctorLines(findings, stopping))
      if (stopping.length > 0) process.exitCode = exitCodes.failed
    })
}

/** Loads what asks endpoints only when it is wanted: a look at this machine asks no model. */
async function findingsOf(recipe: string, terminal: Terminal, { json }: DoctorFlags): Promise<Finding[]> {
  const { endpointFindings } = await import('../endpoint-findings.ts')
  return await endpointFindings(terminal, recipe, json === true)
}

/** A finding for each place of the site file: whether the place can take jobs now. */
async function placeFindings(terminal: Terminal, { site: named, probe: wanted }: DoctorFlags): Promise<Finding[]> {
  const site = await siteOf(terminal, named)
  const places = placesToLookAt(honeHome(terminal.env), site, terminal).all()
  return await Promise.all(
    places.map(async ({ name, launcher }): Promise<Finding> => {
      const problems = await launcher.examine()
      // A job at a place that is not ready would say nothing more.
      if (wanted === true && problems.length === 0) problems.push(...(await probe(launcher, { seconds: probeSeconds })))
      launcher.close()
      const [first, ...others] = problems
      const finding = { name: `place ${name}` }
      if (!first)
        return { ...finding, found: 'ok', detail: `${wanted === true ? 'ran a job' : 'takes jobs'} (${launcher.name})` }
      const more =
        others.length === 0 ? '' : ` (and ${others.length} more: ${others.map((each) => each.problem).join('; ')})`
      return { ...finding, found: 'problem', detail: first.problem + more, fix: first.fix }
    }),
  )
}

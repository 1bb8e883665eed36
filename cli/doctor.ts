import { Command } from 'commander'
import { examine, type Finding } from '../services/doctor.ts'
import { exitCodes, print, printJson, type Terminal } from './terminal.ts'

const EXAMPLES = `
Examples:
  $ hone doctor
  $ hone doctor --json | jq '.findings[] | select(.found != "ok")'

Starts nothing, changes nothing, asks no network. Variables are named, their values never shown.
Exit codes: 0 all that is required is here or is got by itself, 1 something required is missing.`

/** Missing things that Hone can neither make nor do without. */
const required: ReadonlySet<string> = new Set(['python'])

/** `hone doctor`: what is found, what is missing, how to get it. */
export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('Look at what Hone runs on: what is found, what is missing, and how to get it.')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { json?: boolean }) => {
      const findings = await examine({ env: terminal.env })
      const stopping = findings.filter((finding) => stops(finding)).map(({ name }) => name)
      if (options.json === true) printJson(terminal, { ok: stopping.length === 0, findings })
      else print(terminal, ...findings.flatMap(findingLines), '', summary(stopping))
      if (stopping.length > 0) process.exitCode = exitCodes.failed
    })
}

const stops = ({ name, found }: Finding): boolean => found === 'problem' || (found === 'missing' && required.has(name))

const summary = (stopping: readonly string[]): string =>
  stopping.length === 0 ? 'All that is required is here, or is got by itself.' : `In the way: ${stopping.join(', ')}.`

/** One finding: a line, and another one with what to do. */
export function findingLines(finding: Finding): string[] {
  const { name, found, detail, fix } = finding
  const mark = stops(finding) ? '✗' : found === 'ok' ? '✓' : '·'
  return [`${mark} ${name.padEnd(18)}  ${detail}`, ...(fix === undefined ? [] : [`  ${' '.repeat(18)}  → ${fix}`])]
}

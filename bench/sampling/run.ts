import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError } from '../../domain/errors.ts'
import type { Bench, Figures } from './bench.ts'
import { clientNames, prepareClient } from './clients.ts'
import type { ClientName } from './clients.ts'
import { openHone } from './hone-work.ts'
import { endAll } from './processes.ts'
import { scenarios } from './scenarios.ts'
import { table } from './table.ts'

const usage = `Measures Hone's sampling engine beside other clients, in one run, on one mock endpoint.

  npx tsx bench/sampling/run.ts [scenario…] [--clients a,b] [--scale 1] [--full] [--json]

Scenarios (default: all):
${Object.entries(scenarios)
  .map(([name, { about }]) => `  ${name.padEnd(11)}${about}`)
  .join('\n')}

--clients  of ${clientNames.join(', ')}; default: those that the scenario makes sense for
--scale    multiplies the number of rows; figures at less than 1 are good for nothing but a look at whether it works
--full     memory with 200,000 rows as well
--json     figures as JSON on standard output, and nothing else there

How to read it:
  span         first request with a picture seen by the mock → last reply sent; × ideal: ÷ (requests × latency ÷ capacity).
               Start-up is in wall s and in CPU, not in span.
  CPU ms/req   of the client's whole process with all below it, from start to end, ÷ rows; "of it work": without start-up.
               Hone's has its TypeScript compiled in it, as it runs from sources here.
  RSS MB       highest sum of resident memory over the client's processes, sampled every 50 ms; shared pages count for each.
  PG           Hone's PostgreSQL, apart from RSS and CPU: its CPU ÷ rows, its memory with shared pages counted once.
  disk MB      what the client left on disk beside the pictures it was given; for Hone what its database grew by.
  lost         rows without a good result at the end; Hone's are counted in Postgres, not taken from the client.
  paid again   requests that the mock took on although one with the same body had been taken on; "sent, reply not stored" is what was
               in flight at the kill as Hone's own store has it: on the way, or answered and waiting to be written.
  mock ms/req  CPU of the mock, which shares the cores: a ratio below that of the bare loops is noise.
Rows are 50 KB JPEG files, made once into Hone's cache folder; the peers get Python environments of their own there, made at
the first run. A client that does not install is said so. Nothing else should run on the machine.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clients: { type: 'string' },
    scale: { type: 'string', default: '1' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

interface Line {
  scenario: string
  client: ClientName
  figures: Figures
}

function chosen<Name extends string>(names: readonly string[], known: readonly Name[], what: string): Name[] {
  return names.map((name) => {
    const found = known.find((one) => one === name)
    if (found === undefined) throw new TypeError(`there is no ${what} "${name}"; there are ${known.join(', ')}`)
    return found
  })
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage)
  const say = (text: string) => (values.json ? console.error(text) : console.log(text))
  const names = chosen(
    positionals.length > 0 ? positionals : Object.keys(scenarios),
    Object.keys(scenarios),
    'scenario',
  )
  const only = values.clients === undefined ? null : chosen(values.clients.split(','), clientNames, 'client')
  const root = mkdtempSync(join(tmpdir(), 'hone-bench-'))
  process.once('exit', () => rmSync(root, { recursive: true, force: true, maxRetries: 3 }))
  const hone = await openHone(join(root, 'home'))
  const end = async (code: number) => {
    endAll()
    await hone.stop()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void end(130))
  const bench: Bench = { hone, root, scale: Number(values.scale), full: values.full }
  const lines: Line[] = []
  const machine = () =>
    `${new Date().toISOString().slice(0, 16)}Z, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`
  say(machine())
  const broken = await notInstalled(only ?? clientNames)
  for (const name of names) {
    const scenario = scenarios[name]
    if (!scenario) continue
    say(`\n${name}: ${scenario.about}`)
    const mine: Line[] = []
    for (const client of only ?? scenario.clients) {
      const problem = broken.get(client)
      const figures = problem
        ? [{ note: `does not install: ${problem}` }]
        : await scenario.run(bench, client).catch((error: unknown) => [{ note: describeError(error).slice(0, 300) }])
      mine.push(...figures.map((one) => ({ scenario: name, client, figures: one })))
    }
    lines.push(...mine)
    say(table(mine.map(({ client, figures }) => ({ client, ...figures }))))
  }
  say(`\n${machine()}`)
  if (values.json) console.log(JSON.stringify({ machine: machine(), scale: bench.scale, lines }, null, 2))
  await end(0)
}

/** Starts every client before the first measurement. */
async function notInstalled(names: readonly ClientName[]): Promise<Map<ClientName, string>> {
  const broken = new Map<ClientName, string>()
  for (const name of names)
    await prepareClient(name).catch((error: unknown) => broken.set(name, describeError(error).slice(0, 300)))
  return broken
}

main().catch((error: unknown) => {
  console.error(describeError(error))
  process.exit(1)
})

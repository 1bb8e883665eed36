import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { connectClient } from '../../client/campaigns.ts'
import { listCampaigns } from '../../db/campaigns.ts'
import { openDatabase } from '../../db/database.ts'
import { honeHome } from '../../services/home.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { untilInterrupted } from '../interrupt.ts'
import { siteFileOf, siteHelp } from '../site.ts'
import { bringUpStack } from '../../services/stack/stack.ts'
import type { Stack } from '../../services/stack/stack.ts'
import { Interrupted, print, printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ hone dev                                   Postgres, Temporal with its Web UI, reward server, worker
  $ DATABASE_URL=… TEMPORAL_ADDRESS=… hone dev your own servers, our worker
  $ hone dev --demo                            the demo's teacher and base model too

Campaigns that were under way go on. Ctrl-C ends all of it; the next \`hone dev\` takes up where it stopped.`

const lookSeconds = 1

/** `hone dev`. */
export function devCommand(terminal: Terminal): Command {
  return new Command('dev')
    .description('Bring up servers and worker and keep them up, until Ctrl-C.')
    .option('--demo', 'bring up the demo world too (by itself when this home has one)')
    .option('--site <file>', siteHelp)
    .option('--json', 'print one JSON object when all is up')
    .addHelpText('after', examples)
    .action(async (options: { demo?: boolean; site?: string; json?: boolean }) => {
      const home = honeHome(terminal.env)
      const progress = options.json === true ? quietProgress : createProgress(terminal.stderr)
      await untilInterrupted(terminal, async (signal) => {
        const stack = await bringUpStack({
          home,
          progress,
          signal,
          site: siteFileOf(terminal, options.site),
          ...(options.demo === true && { withDemo: true }),
        })
        try {
          const resumed = await continueCampaigns(stack)
          if (options.json === true)
            printJson(terminal, { ready: true, home, temporalUi: stack.temporal.uiUrl, resumed })
          else
            print(
              terminal,
              `Temporal Web UI  ${stack.temporal.uiUrl}`,
              `state            ${home}`,
              ...(resumed.length > 0 ? [`going on         ${resumed.join(', ')}`] : []),
              'Ctrl-C ends all of it.',
            )
          await keepUp(stack, signal, (name) => terminal.stderr.write(`${name} had died; it runs again\n`))
        } finally {
          terminal.stderr.write('stopping …\n')
          await stack.stop()
        }
      })
      throw new Interrupted()
    })
}

/** Starts dead services again, until the signal. */
export async function keepUp(stack: Stack, signal: AbortSignal, onMended: (name: string) => void): Promise<void> {
  while (!signal.aborted) {
    await sleep(lookSeconds * 1000, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    for (const name of await stack.mend().catch(() => [])) onMended(name)
  }
}

/**
 * Gives a workflow to each campaign that runs according to Postgres. A Temporal that lost its state
 * gets its campaigns back here.
 */
export async function continueCampaigns(stack: Stack): Promise<string[]> {
  const { db, close } = openDatabase(stack.databaseUrl, { max: 2 })
  const client = await connectClient(stack.temporal)
  try {
    const running = (await listCampaigns(db)).filter(({ status }) => status === 'running')
    for (const { id } of running) await client.start(id)
    return running.map(({ id }) => id)
  } finally {
    await client.close()
    await close()
  }
}

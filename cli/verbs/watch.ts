import { Command } from 'commander'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { followCampaign, renderer } from '../follow-campaign.ts'
import { campaignArgument, positiveSeconds } from '../options.ts'
import { campaignExitCode, Interrupted } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ hone watch
  $ hone watch demo > campaign.log &              a line a change where there is no terminal
  $ hone watch demo --json | jq -c '{status, head}'

Ends when the campaign ends: 0 finished, 3 failed or cancelled. Ctrl-C ends only the watching.`

/** `hone watch [CAMPAIGN]`. */
export function watchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .description('Follow a campaign until it ends: a live page on a terminal, a line a change elsewhere.')
    .addArgument(campaignArgument())
    .option('--interval <seconds>', 'how often to look', positiveSeconds, 1)
    .option('--json', 'print JSON, one object a change')
    .addHelpText('after', examples)
    .action((named: string | undefined, options: { interval: number; json?: boolean }) =>
      watch(terminal, named, options),
    )
}

async function watch(
  terminal: Terminal,
  named: string | undefined,
  { interval, json }: { interval: number; json?: boolean },
): Promise<void> {
  const stop = new AbortController()
  const interrupt = (): void => stop.abort(new Interrupted())
  const closed = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  terminal.stdout.once('error', closed)
  const show = renderer(terminal, json === true)
  try {
    await withDatabase(terminal, async (db) => {
      const { id } = await chooseCampaign(db, named)
      const status = await followCampaign({ db, id, show, signal: stop.signal, intervalSeconds: interval })
      if (status !== null) process.exitCode = campaignExitCode(status)
    })
  } finally {
    process.removeListener('SIGINT', interrupt)
    terminal.stdout.removeListener('error', closed)
  }
  if (stop.signal.reason instanceof Interrupted) {
    terminal.stderr.write('\nNo longer watching; the campaign goes on.\n')
    throw stop.signal.reason
  }
}

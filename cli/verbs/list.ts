import { Command } from 'commander'
import { listCampaigns } from '../../db/campaigns.ts'
import { withDatabase } from '../connections.ts'
import { jsonOption } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { campaignLines } from '../text/campaigns.ts'

const examples = `
Examples:
  $ hone list
  $ hone list --json | jq -r '.[].id'`

/** `hone list`: every campaign, newest first. */
export function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List all campaigns of this home: status, head, rounds and newest scores.')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (options: { json?: boolean }) => {
      const campaigns = await withDatabase(terminal, listCampaigns)
      printResult(terminal, options, campaigns, () => campaignLines(campaigns))
    })
}

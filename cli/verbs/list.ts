import { Command } from 'commander'
import { listCampaigns } from '../../db/campaigns.ts'
import { withDatabase } from '../connections.ts'
import { clock, interval, nothing, table } from '../text/table.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone list
  $ hone list --json | jq -r '.[].id'`

/** `hone list`: every campaign, newest first. */
export function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List all campaigns of this home: status, head, rounds and newest scores.')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: boolean }) => {
      const campaigns = await withDatabase(terminal, listCampaigns)
      if (json === true) return printJson(terminal, campaigns)
      if (campaigns.length === 0)
        return print(terminal, 'No campaign yet. Start one: `hone demo`, or `hone start recipe.yaml`.')
      const rows = campaigns.map((campaign) => [
        campaign.id,
        campaign.status,
        campaign.head === null ? nothing : String(campaign.head),
        String(campaign.rounds),
        campaign.lastScores.map((score) => `${score.benchmark} ${interval(score)}`).join('; ') || nothing,
        clock(campaign.updatedAt),
      ])
      const right = { align: 'right' } as const
      const columns = [
        { head: 'campaign' },
        { head: 'status' },
        { head: 'head', ...right },
        { head: 'rounds', ...right },
      ]
      print(terminal, ...table([...columns, { head: 'newest scores' }, { head: 'changed' }], rows))
    })
}

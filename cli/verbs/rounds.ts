import { Command } from 'commander'
import { lookAtCampaign } from '../../views/campaign.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { eventLines, roundsTable } from '../text/overview.ts'

const examples = `
Examples:
  $ hone rounds demo
  $ hone rounds demo --json | jq '.rounds[] | {round, parent, decision}'

The line from the base model to the head is on the left. Rounds that a rollback left behind stay, as branches.
Scores are those of each round's end, with 95 % intervals.`

/** `hone rounds [CAMPAIGN]`: the tree of rounds and the acts on the campaign. */
export function roundsCommand(terminal: Terminal): Command {
  return new Command('rounds')
    .description('Show the tree of rounds: parent, status, decision, scores, model; and below, who did what and why.')
    .addArgument(campaignArgument())
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      const { overview, events } = await withDatabase(terminal, async (db) =>
        lookAtCampaign(db, (await chooseCampaign(db, named)).id),
      )
      printResult(terminal, options, { ...overview, events }, () => [
        `${overview.campaign}  ${overview.status}`,
        '',
        ...roundsTable(overview),
        ...(events.length === 0 ? [] : ['', ...eventLines(events)]),
      ])
    })
}

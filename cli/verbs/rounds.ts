import { Command } from 'commander'
import { listEvents } from '../../db/events.ts'
import { campaignOverview } from '../../db/round-views.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { eventLines, roundsTable } from '../text/overview.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone rounds demo
  $ hone rounds demo --json | jq '.rounds[] | {round, parent, decision}'

The line from the base model to the head stands on the left. Rounds that a rollback left behind stay, as branches.
Scores are those of each round's end, with 95 % intervals.`

/** `hone rounds [CAMPAIGN]`: the tree of rounds and the acts on the campaign. */
export function roundsCommand(terminal: Terminal): Command {
  return new Command('rounds')
    .description('Show the tree of rounds: parent, status, decision, scores, model; and below, who did what and why.')
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string | undefined, options: { json?: boolean }) => {
      const { overview, events } = await withDatabase(terminal, async (db) => {
        const { id } = await chooseCampaign(db, named)
        const [overview, events] = await Promise.all([campaignOverview(db, id), listEvents(db, id)])
        return { overview, events }
      })
      if (options.json === true) return printJson(terminal, { ...overview, events })
      print(terminal, `${overview.campaign}  ${overview.status}`, '', ...roundsTable(overview))
      if (events.length > 0) print(terminal, '', ...eventLines(events))
    })
}

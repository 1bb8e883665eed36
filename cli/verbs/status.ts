import { Command } from 'commander'
import { runningSteps, type StepProgress } from '../../db/step-progress.ts'
import { campaignOverview, type CampaignOverview } from '../../db/round-views.ts'
import { homeOwner } from '../../services/dev-lock.ts'
import { honeHome } from '../../services/home.ts'
import { namesTemporal } from '../../services/temporal-config.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { headLines, roundsTable } from '../text/overview.ts'
import { exitCodes, print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone status
  $ hone status demo --json | jq .running
  $ hone status demo --exit-code && echo fine       exit code 3 when the campaign failed or was cancelled`

/** What the campaign's end means for scripts. */
export const campaignExitCode = (status: CampaignOverview['status']): number =>
  status === 'failed' || status === 'cancelled' ? exitCodes.campaignFailed : exitCodes.ok

/** `hone status [CAMPAIGN]`: one campaign and what runs now. */
export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('Say where a campaign stands: head, rounds, scores, and how far the running step is.')
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .option('--exit-code', 'end with 3 when the campaign failed or was cancelled')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string | undefined, options: { exitCode?: boolean; json?: boolean }) => {
      const { overview, running } = await withDatabase(terminal, async (db) => {
        const { id } = await chooseCampaign(db, named)
        const [overview, running] = await Promise.all([campaignOverview(db, id), runningSteps(db, id)])
        return { overview, running }
      })
      if (options.json === true) printJson(terminal, { ...overview, running })
      else print(terminal, ...statusLines(overview, running), ...idleNote(overview, terminal))
      if (options.exitCode === true) process.exitCode = campaignExitCode(overview.status)
    })
}

/** A campaign on one screen. */
export function statusLines(overview: CampaignOverview, running: readonly StepProgress[]): string[] {
  return [...headLines(overview, running), '', ...roundsTable(overview)]
}

/** Says so when a campaign counts as running and nothing in this home runs it. With servers of the user's own, nobody knows. */
function idleNote({ status }: CampaignOverview, { env }: Terminal): string[] {
  if (status !== 'running' || env['DATABASE_URL'] || namesTemporal(env)) return []
  if (homeOwner(honeHome(env))) return []
  return ['', 'No worker runs in this home, so nothing moves: `hone dev` continues the campaign.']
}

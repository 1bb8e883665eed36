import { Command } from 'commander'
import { homeOwner } from '../../services/dev-lock.ts'
import { honeHome } from '../../services/home.ts'
import { namesTemporal } from '../../services/temporal-config.ts'
import { lookAtCampaign } from '../../views/campaign.ts'
import type { CampaignOverview } from '../../views/campaign.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption } from '../options.ts'
import { campaignExitCode, printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { statusLines } from '../text/overview.ts'

const examples = `
Examples:
  $ hone status
  $ hone status demo --json | jq .running
  $ hone status demo --exit-code && echo fine       exit code 3 when the campaign failed or was cancelled`

/** `hone status [CAMPAIGN]`: one campaign and what runs now. */
export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('Say where a campaign stands: head, rounds, scores, and how far the running step is.')
    .addArgument(campaignArgument())
    .option('--exit-code', 'end with 3 when the campaign failed or was cancelled')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: { exitCode?: boolean; json?: boolean }) => {
      const look = await withDatabase(terminal, async (db) => lookAtCampaign(db, (await chooseCampaign(db, named)).id))
      const { overview, running } = look
      printResult(terminal, options, { ...overview, running }, () => [
        ...statusLines(look),
        ...idleNote(overview, terminal),
      ])
      if (options.exitCode === true) process.exitCode = campaignExitCode(overview.status)
    })
}

/**
 * A note when the campaign's status is running and no worker of this home runs it. No note with
 * servers of the user's own: their workers are not known here.
 */
function idleNote({ status }: CampaignOverview, { env }: Terminal): string[] {
  if (status !== 'running' || env['DATABASE_URL'] || namesTemporal(env)) return []
  if (homeOwner(honeHome(env))) return []
  return ['', 'No worker runs in this home, so nothing moves: `hone dev` continues the campaign.']
}

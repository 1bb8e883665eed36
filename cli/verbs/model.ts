import { Command } from 'commander'
import { campaignOverview } from '../../views/campaign.ts'
import { roundModel } from '../../views/round-model.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption, wholeNumber } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ vllm serve $(hone model demo)
  $ hone model demo --round 1 --json

The folder holds Hugging Face weights and the processor. It never changes; after a rollback the command names another
folder.`

/** `hone model [CAMPAIGN]`: the path of a round's checkpoint, and nothing else. */
export function modelCommand(terminal: Terminal): Command {
  return new Command('model')
    .description("Print the path of the head's checkpoint, for use in other commands.")
    .addArgument(campaignArgument())
    .option('--round <number>', 'the checkpoint of this round', wholeNumber)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: { round?: number; json?: boolean }) => {
      const overview = await withDatabase(terminal, async (db) =>
        campaignOverview(db, (await chooseCampaign(db, named)).id),
      )
      const model = roundModel(overview, options.round)
      printResult(terminal, options, model, () => [model.path])
    })
}

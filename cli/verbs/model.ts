import { Command } from 'commander'
import { campaignOverview } from '../../db/round-views.ts'
import { HoneError } from '../../domain/errors.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { wholeNumber } from '../options.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ vllm serve $(hone model demo)
  $ hone model demo --round 1 --json

The folder holds Hugging Face weights and the processor. It never changes; after a rollback the command names another.`

/** `hone model [CAMPAIGN]`: the path of a round's checkpoint, and nothing else. */
export function modelCommand(terminal: Terminal): Command {
  return new Command('model')
    .description("Print the path of the head's checkpoint, for use in other commands.")
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .option('--round <number>', 'the checkpoint of this round', wholeNumber)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string | undefined, options: { round?: number; json?: boolean }) => {
      const overview = await withDatabase(terminal, async (db) =>
        campaignOverview(db, (await chooseCampaign(db, named)).id),
      )
      const { campaign, base, head } = overview
      const wanted = options.round ?? head ?? 0
      const round = [...(base ? [base] : []), ...overview.rounds].find((each) => each.round === wanted)
      if (!round)
        throw new HoneError({
          type: 'UnknownRound',
          message: `Campaign "${campaign}" has no round ${wanted}.`,
          nextStep: `See its rounds with: hone rounds ${campaign}`,
        })
      const { checkpoint, checkpointPath: path } = round
      if (checkpoint === null || path === null)
        throw new HoneError({
          type: 'InvalidInput',
          message: `Round ${wanted} of ${campaign} is ${round.status} and has no checkpoint.`,
          nextStep: `Name a closed round with --round; see: hone rounds ${campaign}`,
        })
      if (options.json === true) printJson(terminal, { campaign, round: wanted, checkpoint, path })
      else print(terminal, path)
    })
}

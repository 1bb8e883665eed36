import { Command } from 'commander'
import { gradeCampaignAgain } from '../../client/grade-again.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption, wholeNumber } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { againLines, changedItemLines } from '../text/again.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone evaluate demo --again
  $ hone evaluate demo --again --round 2 --benchmark dev --items
  $ hone evaluate demo --again --json | jq '.scores[] | {round, benchmark, gained, lost}'

Models answer in the evaluate steps of a campaign. This verb only grades what they answered: it reads the stored
reply to each item, grades it with this version's verifier, and keeps the score beside the scores of before. No model is
asked. A judge's reply is used where it is stored; where another reply of the judge is needed, the benchmark gets no
score, and the table says for how many items. An item without a stored reply counts as wrong, as before. What was graded
is kept, so a run that was broken off goes on with the same command.`

interface Options {
  again?: boolean
  round?: number
  benchmark?: string
  items?: boolean
  json?: boolean
}

/** `hone evaluate [CAMPAIGN] --again`: grades the stored replies of a campaign again. */
export function evaluateCommand(terminal: Terminal): Command {
  return new Command('evaluate')
    .description(
      "Grade the stored replies of a campaign's evaluations again, with this version's verifier. Pays for no reply.",
    )
    .addArgument(campaignArgument())
    .option('--again', 'grade stored replies again; the only thing this verb does')
    .option('--round <number>', 'only this round', wholeNumber)
    .option('--benchmark <name>', 'only this benchmark')
    .option('--items', 'list every item whose verdict changed (--json always does)')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: Options) => {
      if (options.again !== true)
        throw usageError(
          'A campaign evaluates its models in its own steps; this verb only grades stored replies again.',
          'Say so: hone evaluate CAMPAIGN --again',
        )
      const { round, benchmark } = options
      const result = await withDatabase(terminal, async (db) => {
        const campaign = await chooseCampaign(db, named)
        return { campaign: campaign.id, scores: await gradeCampaignAgain(db, campaign, { round, benchmark }) }
      })
      printResult(terminal, options, { ...result, verifier: verifierVersion }, () => [
        ...againLines(result.campaign, verifierVersion, result.scores),
        ...(options.items === true ? result.scores.flatMap(changedItemLines) : []),
      ])
    })
}

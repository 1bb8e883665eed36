import { Command } from 'commander'
import { newestRound, roundDetail } from '../../views/round.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { isRoundNumber, jsonOption, wholeNumber } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { roundLines } from '../text/round.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone show demo 2
  $ hone show demo 2 --step reason --samples 5
  $ hone show 2 --json | jq '.steps[] | {name, rowsIn, rowsOut, droppedByReason}'

A single word that is a number is the round. Without a round it shows the round that runs, else the newest round.`

interface Options {
  step?: string
  samples?: number
  json?: boolean
}

/** `hone show [CAMPAIGN] [ROUND]`: a round's steps, jobs and samples. */
export function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description(
      'Show one round: its steps with rows and reasons, model calls, jobs with their metrics, and sample rows.',
    )
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .argument('[round]', 'number of the round')
    .option('--step <name>', 'only this step, with sample rows')
    .option('--samples <number>', 'sample rows a step (default: 3 with --step, else 0)', wholeNumber)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (first: string | undefined, second: string | undefined, options: Options) => {
      const isRoundAlone = second === undefined && first !== undefined && isRoundNumber(first)
      const [named, number] = isRoundAlone ? [undefined, first] : [first, second]
      if (number !== undefined && !isRoundNumber(number))
        throw usageError(`A round is a number, not "${number}".`, 'For example: hone show demo 2')
      const { step, samples = step === undefined ? 0 : 3 } = options
      const detail = await withDatabase(terminal, async (db) => {
        const { id } = await chooseCampaign(db, named)
        const round = number === undefined ? await newestRound(db, id) : Number(number)
        return roundDetail(db, id, round, { step, samples })
      })
      printResult(terminal, options, detail, () => roundLines(detail))
    })
}

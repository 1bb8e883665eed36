import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { campaignOverview } from '../../views/campaign.ts'
import { rollbackPreview } from '../../views/rollback-preview.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption, wholeNumber, whoOption } from '../options.ts'
import { sendCommand } from '../send-command.ts'
import { exitCodes, Interrupted, print, printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { rollbackLines } from '../text/rollback.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone rollback demo --to 1 --reason "round 2 learned to guess"
  $ hone rollback demo --to 2 --reason "it was fine" --yes      --to a later round rolls forward again

Works on a running, paused, failed or finished campaign. What runs is cancelled and gone before the head moves.
Nothing is deleted: the rounds left behind stay, with their rows, scores and checkpoints.`

interface Options {
  to: number
  reason: string
  who: string
  yes?: boolean
  json?: boolean
}

/** `hone rollback [CAMPAIGN] --to N --reason TEXT`. */
export function rollbackCommand(terminal: Terminal): Command {
  return new Command('rollback')
    .description('Move the head of a campaign to another round; the next round starts there.')
    .addArgument(campaignArgument())
    .requiredOption('--to <round>', 'number of the round that becomes the head; 0 is the base model', wholeNumber)
    .requiredOption('--reason <text>', 'why, for the record')
    .addOption(whoOption(terminal))
    .option('-y, --yes', 'do not ask (also: --json, or no terminal)')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action((named: string | undefined, options: Options) => rollBack(terminal, named, options))
}

async function rollBack(terminal: Terminal, named: string | undefined, options: Options): Promise<void> {
  const { to, reason, who, json } = options
  if (reason.trim() === '')
    throw usageError('The reason is empty.', 'Say why in --reason: it is kept with the rollback.')
  const overview = await withDatabase(terminal, async (db) =>
    campaignOverview(db, (await chooseCampaign(db, named)).id),
  )
  const { campaign } = overview
  const preview = rollbackPreview(overview, to)
  if (json !== true) print(terminal, ...rollbackLines(preview))
  if (needsAnswer(terminal, options) && !(await isConfirmed(terminal))) {
    print(terminal, 'Nothing was changed.')
    process.exitCode = exitCodes.failed
    return
  }
  const result = await sendCommand(terminal, campaign, (client) => client.rollback(campaign, { who, why: reason, to }))
  printResult(terminal, options, { campaign, ...result }, () => [
    `Done: the head of ${campaign} moved from round ${result.from} to round ${result.to}.`,
  ])
}

const needsAnswer = ({ stdin, stdout }: Terminal, { yes, json }: Options): boolean =>
  yes !== true && json !== true && stdin.isTTY === true && stdout.isTTY === true

/** Asks on the terminal. Ctrl-C is no answer: it ends the command. */
function isConfirmed({ stdin, stdout }: Terminal): Promise<boolean> {
  const reader = createInterface({ input: stdin, output: stdout, terminal: true })
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => {
      reject(new Interrupted())
      reader.close()
    })
    reader.once('close', () => resolve(false))
    reader.question('Go ahead? [y/N] ', (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()))
      reader.close()
    })
  })
}

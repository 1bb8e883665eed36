import { Command } from 'commander'
import { readBudget } from '../budget.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption, repeated, whoOption } from '../options.ts'
import { sendCommand } from '../send-command.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ hone resume demo
  $ hone resume demo --reason "disk has room again"
  $ hone resume demo --budget cost=40                 after its budget was reached
  $ hone resume demo --budget tokens=5m,requests=20000

A failed campaign goes on at the step that failed: its rows, replies and checkpoints are kept. A budget counts from the
campaign's beginning and replaces the earlier budget.`

interface Options {
  reason?: string
  who: string
  json?: boolean
  budget?: string[]
}

/** `hone resume [CAMPAIGN]`. */
export function resumeCommand(terminal: Terminal): Command {
  return new Command('resume')
    .description('Go on with a campaign that was paused or has failed. Who, when and why is recorded.')
    .addArgument(campaignArgument())
    .option('--reason <text>', 'why, for the record')
    .addOption(whoOption(terminal))
    .option('--budget <limit>', 'a new budget, e.g. 40 or cost=40,tokens=5m,requests=20000', repeated)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: Options) => {
      const budget = options.budget && readBudget(options.budget)
      const { id } = await withDatabase(terminal, (db) => chooseCampaign(db, named))
      const command = { who: options.who, why: options.reason ?? null, ...(budget && { budget }) }
      const { status } = await sendCommand(terminal, id, (client) => client.resume(id, command))
      printResult(terminal, options, { campaign: id, status }, () => [`${id} is ${status}.`])
    })
}

import { Command } from 'commander'
import { readBudget } from '../budget.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { readEndpointChanges } from '../endpoint-changes.ts'
import { campaignArgument, jsonOption, repeated, whoOption } from '../options.ts'
import { storedRecipe } from '../../recipes/read-recipe.ts'
import { sendCommand } from '../send-command.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ hone resume demo
  $ hone resume demo --reason "disk has room again"
  $ hone resume demo --budget cost=40                 after its budget was reached
  $ hone resume demo --budget tokens=5m,requests=20000
  $ hone resume demo --endpoint teacher=http://gpu7:8000/v1      after its server moved
  $ hone resume demo --api-key-env teacher=OTHER_KEY             a variable where the worker runs

A failed campaign goes on at the step that failed: its rows, replies and checkpoints are kept. A budget counts from the
campaign's beginning and replaces the earlier budget. An endpoint that is asked elsewhere finds all replies again, because
they do not depend on its URL. Another model needs a new campaign.`

interface Options {
  reason?: string
  who: string
  json?: boolean
  budget?: string[]
  endpoint?: string[]
  apiKeyEnv?: string[]
}

/** `hone resume [CAMPAIGN]`. */
export function resumeCommand(terminal: Terminal): Command {
  return new Command('resume')
    .description('Go on with a campaign that was paused or has failed. Who, when and why is recorded.')
    .addArgument(campaignArgument())
    .option('--reason <text>', 'why, for the record')
    .addOption(whoOption(terminal))
    .option('--budget <limit>', 'a new budget, e.g. 40 or cost=40,tokens=5m,requests=20000', repeated)
    .option('--endpoint <name=url>', 'where an endpoint of the recipe is asked from now on; may be repeated', repeated)
    .option('--api-key-env <name=variable>', 'variable that holds the key of an endpoint from now on', repeated)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: Options) => {
      const budget = options.budget && readBudget(options.budget)
      const { id, recipe } = await withDatabase(terminal, (db) => chooseCampaign(db, named))
      const changes =
        options.endpoint || options.apiKeyEnv ? readEndpointChanges(options, storedRecipe(recipe)) : undefined
      const command = {
        who: options.who,
        why: options.reason ?? null,
        ...(budget && { budget }),
        ...(changes && { endpoints: changes }),
      }
      const { status } = await sendCommand(terminal, id, (client) => client.resume(id, command))
      printResult(terminal, options, { campaign: id, status }, () => [`${id} is ${status}.`])
    })
}

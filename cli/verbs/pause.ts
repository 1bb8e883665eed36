import { Command } from 'commander'
import { HoneError } from '../../domain/errors.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { campaignArgument, jsonOption, whoOption } from '../options.ts'
import { sendCommand } from '../send-command.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const examples = `
Examples:
  $ hone pause demo --reason "GPU needed elsewhere"
  $ hone pause --json

What runs now is finished first: a shard of rows, or a training job. Nothing is lost; \`hone resume\` goes on.`

interface Options {
  reason?: string
  who: string
  json?: boolean
}

/** `hone pause [CAMPAIGN]`. */
export function pauseCommand(terminal: Terminal): Command {
  return new Command('pause')
    .description('Hold a campaign before its next step. Who, when and why is recorded.')
    .addArgument(campaignArgument())
    .option('--reason <text>', 'why, for the record')
    .addOption(whoOption(terminal))
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (named: string | undefined, options: Options) => {
      const { id, status: before } = await withDatabase(terminal, (db) => chooseCampaign(db, named))
      if (before !== 'running' && before !== 'paused')
        throw new HoneError({
          type: 'InvalidInput',
          message: `Campaign "${id}" is ${before}: there is nothing to pause.`,
          nextStep: `See where it stands: hone status ${id}`,
        })
      const command = { who: options.who, why: options.reason ?? null }
      const { status } = await sendCommand(terminal, id, (client) => client.pause(id, command))
      printResult(terminal, options, { campaign: id, status }, () => [`${id} is ${status}.`])
    })
}

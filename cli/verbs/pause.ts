import { Command } from 'commander'
import type { CampaignRecord } from '../../db/campaigns.ts'
import { HoneError } from '../../domain/errors.ts'
import { readBudget } from '../budget.ts'
import { sendCommand } from '../commands.ts'
import { chooseCampaign, withDatabase } from '../context.ts'
import { repeated } from '../repeated.ts'
import { osUser, print, printJson, type Terminal } from '../terminal.ts'

interface Options {
  reason?: string
  who: string
  json?: boolean
  budget?: string[]
}

const PAUSE_EXAMPLES = `
Examples:
  $ hone pause demo --reason "GPU needed elsewhere"
  $ hone pause --json

What runs now is finished first: a shard of rows, or a training job. Nothing is lost; \`hone resume\` goes on.`

const RESUME_EXAMPLES = `
Examples:
  $ hone resume demo
  $ hone resume demo --reason "disk has room again"
  $ hone resume demo --budget cost=40                 after its budget was reached
  $ hone resume demo --budget tokens=5m,requests=20000

A failed campaign goes on at the step that failed: its rows, replies and checkpoints are kept. A budget counts from the
campaign's beginning and takes the place of the one before.`

/** `hone pause [CAMPAIGN]`. */
export function pauseCommand(terminal: Terminal): Command {
  return holdCommand(terminal, 'pause', 'Hold a campaign before its next step.', PAUSE_EXAMPLES)
}

/** `hone resume [CAMPAIGN]`. */
export function resumeCommand(terminal: Terminal): Command {
  return holdCommand(terminal, 'resume', 'Go on with a campaign that was paused or has failed.', RESUME_EXAMPLES)
}

function holdCommand(terminal: Terminal, verb: 'pause' | 'resume', description: string, examples: string): Command {
  const command = new Command(verb)
    .description(`${description} Who, when and why is recorded.`)
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .option('--reason <text>', 'why, for the record')
    .option('--who <name>', 'who asks', osUser(terminal.env))
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
  if (verb === 'resume')
    command.option('--budget <limit>', 'a new budget, e.g. 40 or cost=40,tokens=5m,requests=20000', repeated)
  return command.action(async (named: string | undefined, { reason, who, json, budget: words }: Options) => {
    const budget = words && readBudget(words)
    const campaign = await withDatabase(terminal, (db) => chooseCampaign(db, named))
    if (verb === 'pause') requireUnderWay(campaign)
    const said = { who, why: reason ?? null, ...(budget && { budget }) }
    const { status } = await sendCommand(terminal, campaign.id, (client) => client[verb](campaign.id, said))
    if (json === true) printJson(terminal, { campaign: campaign.id, status })
    else print(terminal, `${campaign.id} is ${status}.`)
  })
}

function requireUnderWay({ id, status }: CampaignRecord): void {
  if (status === 'running' || status === 'paused') return
  throw new HoneError({
    type: 'InvalidInput',
    message: `Campaign "${id}" is ${status}: there is nothing to pause.`,
    nextStep: `See where it stands: hone status ${id}`,
  })
}

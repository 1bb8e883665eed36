import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { campaignOverview, type CampaignOverview } from '../../db/views.ts'
import { HoneError } from '../../domain/errors.ts'
import { ancestors, headRefusal, nextRoundNumber } from '../../domain/lineage.ts'
import { sendCommand } from '../commands.ts'
import { chooseCampaign, withDatabase } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { exitCodes, Interrupted, osUser, print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
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
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .requiredOption('--to <round>', 'number of the round that becomes the head; 0 is the base model', wholeNumber)
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--who <name>', 'who asks', osUser(terminal.env))
    .option('-y, --yes', 'do not ask (also: --json, or no terminal)')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string | undefined, options: Options) => {
      if (options.reason.trim() === '')
        throw new HoneError({
          type: 'InvalidInput',
          message: 'The reason is empty.',
          nextStep: 'Say why in --reason: it is kept with the rollback.',
        })
      const overview = await withDatabase(terminal, async (db) =>
        campaignOverview(db, (await chooseCampaign(db, named)).id),
      )
      const plan = rollbackPlan(overview, options.to)
      if (options.json !== true) print(terminal, ...plan)
      if (needsAnswer(terminal, options) && !(await isConfirmed(terminal))) {
        print(terminal, 'Nothing was changed.')
        process.exitCode = exitCodes.failed
        return
      }
      const { campaign } = overview
      const command = { who: options.who, why: options.reason, to: options.to }
      const result = await sendCommand(terminal, campaign, (client) => client.rollback(campaign, command))
      if (options.json === true) printJson(terminal, { campaign, ...result })
      else print(terminal, `Done: the head of ${campaign} moved from round ${result.from} to round ${result.to}.`)
    })
}

const needsAnswer = ({ stdin, stdout }: Terminal, { yes, json }: Options): boolean =>
  yes !== true && json !== true && stdin.isTTY === true && stdout.isTTY === true

/**
 * What a rollback will do, a line a fact.
 * @throws HoneError UnknownRound when the round is not there or did not end well.
 */
export function rollbackPlan(overview: CampaignOverview, to: number): string[] {
  const { campaign, head } = overview
  const rounds = [...(overview.base ? [overview.base] : []), ...overview.rounds]
  const target = rounds.find(({ round }) => round === to)
  const refusal = headRefusal(campaign, to, target)
  if (refusal) throw refusal
  const nodes = rounds.map(({ round, parent }) => ({ number: round, parent }))
  const line = ancestors(nodes, to).toReversed()
  const running = rounds.filter(({ status }) => status === 'running')
  const left = rounds
    .filter(({ round, status }) => !line.includes(round) && status !== 'running')
    .map(({ round }) => round)
  return [
    head === to
      ? `The head of ${campaign} stays at round ${to}.`
      : `The head of ${campaign} moves from round ${head ?? 0} to round ${to}.`,
    `  on the line of the head: ${line.join(' → ')}`,
    ...(left.length === 0 ? [] : [`  left behind, all kept: ${left.join(', ')}`]),
    ...running.map(({ round, steps }) => {
      const step = steps.find(({ status }) => status === 'running')
      return `  cancelled: round ${round}${step ? `, which runs ${step.name}` : ''}`
    }),
    `  the next round is ${nextRoundNumber(nodes)}, with parent ${to}`,
  ]
}

/** Asks on the terminal. Ctrl-C is no answer but the end of the command. */
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

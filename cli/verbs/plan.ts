import { Command, InvalidArgumentError } from 'commander'
import { planCampaign } from '../../plan/plan.ts'
import { honeCache, honeHome } from '../../services/home.ts'
import { createHub } from '../../services/hub.ts'
import { jsonOption, wholeNumber } from '../options.ts'
import { importCounter } from '../plan-imports.ts'
import { knownBefore } from '../plan-known.ts'
import { readRecipeFile } from '../recipe-file.ts'
import { siteHelp, siteOf } from '../site.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { planText } from '../text/plan.ts'

const examples = `
Examples:
  $ hone plan my-recipe.yaml                          steps, rows, calls, tokens, jobs, disk
  $ hone plan my-recipe.yaml --round 1                only this round
  $ hone plan recipes/openvlthinker-v1.2.yaml --rows pool=7000 --rows mathvista-dev=500
  $ hone plan my-recipe.yaml --json | jq .totals.calls

Nothing is started or written. Only the hub is asked: how large a base model is that has no folder here. Rows of a
source are counted in its file if the file is here, rows of an import in the database. What a step drops is known only
after the step, so figures are the most there can be; ? is unknown, and the end says what would be needed. Costs come
from an endpoint's "prices", GPU hours from the recipe's "rates": you state both. What cannot run is refused (exit
code 2).`

interface PlanFlags {
  round?: number
  rows?: Map<string, number>
  site?: string
  json?: boolean
}

/** `hone plan RECIPE`. */
export function planCommand(terminal: Terminal): Command {
  return new Command('plan')
    .description('Show what the campaign of a recipe would run and cost, round by round. Starts nothing.')
    .argument('<recipe>', 'YAML file')
    .option('--round <n>', 'only this round; 0 is the base model', wholeNumber)
    .option('--rows <name=n>', 'rows of a source or benchmark that is not here yet; may be given again', addRows)
    .option('--site <file>', siteHelp)
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (file: string, options: PlanFlags) => {
      const { recipe, folder } = await readRecipeFile(file)
      const countImport = importCounter(terminal)
      const cache = honeCache(terminal.env)
      const hub = createHub({ cache, env: terminal.env })
      const places = { folder, home: honeHome(terminal.env), cache, countImport, hub }
      const { badLines, ...facts } = await knownBefore(recipe, places, options.rows ?? new Map())
      const plan = planCampaign(recipe, facts, {
        round: options.round,
        site: await siteOf(terminal, options.site),
      })
      const notes = badLines.map(({ name, lines }) => `${name}: ${lines} lines cannot be read and are left out`)
      const whole = { ...plan, notes: [...notes, ...plan.notes] }
      printResult(terminal, options, whole, () => planText(whole))
    })
}

/** Adds `seed=7000` to the rows that were given before. */
function addRows(text: string, before: Map<string, number> = new Map()): Map<string, number> {
  const [, name = '', rows = ''] = /^([^=]+)=(\d{1,12})$/.exec(text) ?? []
  if (name === '') throw new InvalidArgumentError('Give a name and a whole number, e.g. seed=7000.')
  return new Map([...before, [name, Number(rows)]])
}

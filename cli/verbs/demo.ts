import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { connectClient } from '../../client/campaigns.ts'
import { getCampaign } from '../../db/campaigns.ts'
import { openDatabase } from '../../db/database.ts'
import type { Database } from '../../db/database.ts'
import { honeHome } from '../../services/home.ts'
import { createProgress } from '../../services/progress.ts'
import { campaignResult } from '../../views/campaign-result.ts'
import type { CampaignResult } from '../../views/campaign-result.ts'
import { demoTable, whereToLook } from '../text/demo.ts'
import { keepUp } from './dev.ts'
import { untilInterrupted } from '../interrupt.ts'
import { siteFileOf, siteHelp, siteOf } from '../site.ts'
import { bringUpStack } from '../../services/stack/stack.ts'
import type { Stack } from '../../services/stack/stack.ts'
import { admitRecipe } from '../admit-recipe.ts'
import { readRecipeFile } from '../recipe-file.ts'
import { campaignExitCode, Interrupted, osUser, print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { followCampaign, renderer } from '../follow-campaign.ts'

const examples = `
Examples:
  $ hone demo                        brings up all it needs and runs recipes/demo.yaml
  $ hone demo --json result.json     also writes the result
  $ hone demo --recipe my-demo.yaml  another recipe on the demo's parts

Ctrl-C at any time leaves no process behind; \`hone demo\` again goes on with the same campaign.`

const recipeFile = (): string => {
  const here = import.meta.url.endsWith('.ts') ? '../../recipes/demo.yaml' : '../../../recipes/demo.yaml'
  return fileURLToPath(new URL(here, import.meta.url))
}

/** `hone demo`. */
export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .description('Run a real campaign on this machine: pictures, teacher, model, training, evaluation, in minutes.')
    .option('--json <file>', 'write the result as JSON to this file')
    .option('--recipe <file>', 'a recipe of your own on the demo world')
    .option('--site <file>', siteHelp)
    .option('--keep', 'stay up at the end, until Ctrl-C (by itself on a terminal without --json)')
    .option('--exit', 'end when the campaign ends, also on a terminal')
    .addHelpText('after', examples)
    .action(async (options: { json?: string; recipe?: string; site?: string; keep?: boolean; exit?: boolean }) => {
      const stays =
        options.keep === true || (terminal.stdout.isTTY === true && options.json === undefined && options.exit !== true)
      const recipe = await readRecipeFile(options.recipe ?? recipeFile())
      const site = await siteOf(terminal, options.site)
      const home = honeHome(terminal.env)
      const progress = createProgress(terminal.stderr)
      await untilInterrupted(terminal, async (signal) => {
        const stack = await bringUpStack({
          home,
          progress,
          withDemo: true,
          site: siteFileOf(terminal, options.site),
          signal,
        })
        const { db, close } = openDatabase(stack.databaseUrl, { max: 4 })
        try {
          const client = await connectClient(stack.temporal)
          const who = osUser(terminal.env)
          await admitRecipe({
            ...recipe,
            db,
            client,
            home,
            site,
            progress,
            who,
            env: terminal.env,
            probe: true,
          }).finally(() => client.close())
          const result = await runToEnd({ db, stack, campaign: recipe.recipe.campaign, terminal, signal })
          if (result === null) return
          if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`)
          print(
            terminal,
            '',
            ...demoTable(result),
            '',
            ...whereToLook({ result, uiUrl: stack.temporal.uiUrl, home, stays }),
          )
          if (stays) await keepUp(stack, signal, () => undefined)
        } finally {
          await close()
          terminal.stderr.write('stopping servers …\n')
          await stack.stop()
        }
        if (signal.aborted && !stays) throw new Interrupted()
      })
    })
}

/** Follows the campaign to its end; null when interrupted. */
async function runToEnd(options: {
  db: Database
  stack: Stack
  campaign: string
  terminal: Terminal
  signal: AbortSignal
}): Promise<CampaignResult | null> {
  const { db, stack, campaign, terminal, signal } = options
  print(terminal, `Temporal Web UI: ${stack.temporal.uiUrl}`, '')
  const over = new AbortController()
  const mending = keepUp(stack, AbortSignal.any([signal, over.signal]), (name) =>
    terminal.stderr.write(`${name} had died; it runs again\n`),
  )
  const status = await followCampaign({ db, id: campaign, show: renderer(terminal, false), signal, intervalSeconds: 1 })
  over.abort()
  await mending
  if (status === null) throw new Interrupted()
  if (status !== 'finished') {
    process.exitCode = campaignExitCode(status)
    const { statusReason } = await getCampaign(db, campaign)
    terminal.stderr.write(
      `campaign ${campaign} ${status}: ${statusReason ?? 'see hone status'}\n  → hone resume ${campaign} tries again\n`,
    )
  }
  return await campaignResult(db, campaign)
}

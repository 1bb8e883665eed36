import { Command } from 'commander'
import { failedLineText } from '../../client/failed-lines.ts'
import type { Started } from '../../client/start-campaign.ts'
import { originText } from '../../domain/base-model.ts'
import { honeHome } from '../../services/home.ts'
import { findService } from '../../services/processes.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { namesTemporal } from '../../services/temporal-config.ts'
import { admitRecipe } from '../admit-recipe.ts'
import { withClient, withDatabase } from '../connections.ts'
import { jsonOption } from '../options.ts'
import { readRecipeFile } from '../recipe-file.ts'
import { siteHelp, siteOf } from '../site.ts'
import { osUser, printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { bytes } from '../text/figures.ts'

const examples = `
Examples:
  $ hone dev &                         servers and worker, once
  $ hone start my-recipe.yaml          checks endpoints, base model and data, imports, starts
  $ hone start my-recipe.yaml --json | jq -r .workflowId

Each server of an endpoint gets one small request of each form that the steps send, with their sampling and, where
they send pictures, a picture. What it refuses refuses the start; a server that loads its model is waited for, up to 60 s.
The same command with the same recipe finds the campaign and lets it go on. Paths in a recipe are relative to its file.`

/** `hone start RECIPE`. */
export function startCommand(terminal: Terminal): Command {
  return new Command('start')
    .description('Start the campaign of a recipe: checks it, imports its data, gives it to the worker.')
    .argument('<recipe>', 'YAML file')
    .option('--site <file>', siteHelp)
    .option('--no-probe', 'start without asking the endpoints whether they take the requests of the steps')
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (file: string, options: { site?: string; probe: boolean; json?: boolean }) => {
      const recipe = await readRecipeFile(file)
      const site = await siteOf(terminal, options.site)
      const home = honeHome(terminal.env)
      const progress = options.json === true ? quietProgress : createProgress(terminal.stderr)
      const started = await withDatabase(terminal, (db) =>
        withClient(terminal, (client) =>
          admitRecipe({
            ...recipe,
            db,
            client,
            home,
            site,
            progress,
            who: osUser(terminal.env),
            env: terminal.env,
            probe: options.probe,
          }),
        ),
      )
      const { campaign } = recipe.recipe
      printResult(terminal, options, { campaign, ...started }, () => [
        `campaign ${campaign} ${outcomes[started.outcome]}`,
        ...started.notes.map((note) => `note: ${note}`),
        ...baseModelLines(started.baseModel),
        ...(started.failedRows > 0 ? [`${started.failedRows} rows cannot be used and are left out:`] : []),
        ...started.badLines.map((bad) => `  ${bad.data} ${failedLineText(bad)}`),
        ...(started.failedRows > started.badLines.length ? ['  …'] : []),
        ...(findService(home, 'worker') || namesTemporal(terminal.env)
          ? []
          : ['no worker runs here: `hone dev` brings one up']),
        `follow it with: hone watch ${campaign}`,
      ])
    })
}

/** What became of a start, in words. */
const outcomes = {
  created: 'started',
  exists: 'was there already and goes on',
  finished: 'was there already and has finished',
} as const satisfies Record<Started['outcome'], string>

/** The weights of a hub's model that a campaign was started on: a branch may move later. */
function baseModelLines(base: Started['baseModel']): string[] {
  if (base?.origin.from !== 'hub') return []
  return [`base model ${originText(base.origin)}: ${bytes(base.bytes)}, checkpoint ${base.id.slice(0, 12)}`]
}

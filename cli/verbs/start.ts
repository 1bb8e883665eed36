import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { openArtifactStore } from '../../artifacts/store.ts'
import type { CampaignClient } from '../../client/campaigns.ts'
import { failedLineText } from '../../client/failed-rows.ts'
import { startCampaign } from '../../client/start-campaign.ts'
import { checkJobs } from '../../client/check-jobs.ts'
import type { Started } from '../../client/start-campaign.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import type { Database } from '../../db/database.ts'
import { originText } from '../../domain/base-model.ts'
import { HoneError } from '../../domain/errors.ts'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import type { SiteFile } from '../../jobs/site/site.ts'
import { ensureFolder, honeCache, honeHome, homePaths } from '../../services/home.ts'
import { createHub } from '../../services/hub.ts'
import { findService } from '../../services/processes.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import type { Progress } from '../../services/progress.ts'
import { namesTemporal } from '../../services/temporal-config.ts'
import { withClient, withDatabase } from '../context.ts'
import { demoPlaces, findDemoBase } from '../../services/stack/demo-world.ts'
import { placesToLookAt, siteHelp, siteOf } from './site.ts'
import { bytes } from '../text/table.ts'
import { osUser, print, printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone dev &                         servers and worker, once
  $ hone start my-recipe.yaml          checks endpoints, base model and data, imports, starts
  $ hone start my-recipe.yaml --json | jq -r .workflowId

Again with the same recipe it finds the campaign and lets it go on. Paths in a recipe are relative to its file.`

/** `hone start RECIPE`. */
export function startCommand(terminal: Terminal): Command {
  return new Command('start')
    .description('Start the campaign of a recipe: checks it, imports its data, hands it to the worker.')
    .argument('<recipe>', 'YAML file')
    .option('--site <file>', siteHelp)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: { site?: string; json?: boolean }) => {
      const recipe = await readRecipe(file)
      const site = await siteOf(terminal, options.site)
      const home = honeHome(terminal.env)
      const progress = options.json === true ? quietProgress : createProgress(terminal.stderr)
      const started = await withDatabase(terminal, (db) =>
        withClient(terminal, (client) =>
          admit({ ...recipe, db, client, home, site, progress, who: osUser(terminal.env), env: terminal.env }),
        ),
      )
      const { campaign } = recipe.recipe
      if (options.json === true) return printJson(terminal, { campaign, ...started })
      print(
        terminal,
        `campaign ${campaign} ${told[started.outcome].long}`,
        ...started.notes.map((note) => `note: ${note}`),
        ...baseModelLines(started.baseModel),
        ...(started.failedRows > 0 ? [`${started.failedRows} rows cannot be used and are left out:`] : []),
        ...started.badLines.map((bad) => `  ${bad.data} ${failedLineText(bad)}`),
        ...(started.failedRows > started.badLines.length ? ['  …'] : []),
        ...(findService(home, 'worker') || namesTemporal(terminal.env)
          ? []
          : ['no worker runs here: `hone dev` brings one up']),
        `follow it with: hone watch ${campaign}`,
      )
    })
}

/** Which weights a campaign was started on: those of the hub change under a branch's name. */
function baseModelLines(base: Started['baseModel']): string[] {
  if (base?.origin.from !== 'hub') return []
  return [`base model ${originText(base.origin)}: ${bytes(base.bytes)}, checkpoint ${base.id.slice(0, 12)}`]
}

/** What became of a start, in words. */
const told = {
  created: { short: 'created', long: 'started' },
  exists: { short: 'found, it goes on', long: 'was there already and goes on' },
  finished: { short: 'found, it finished earlier', long: 'was there already and has finished' },
} as const

/** A recipe with its text and folder. Throws InvalidRecipe, also when the file cannot be read. */
export async function readRecipe(file: string): Promise<{ recipe: Recipe; recipeText: string; folder: string }> {
  const recipeText = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HoneError({
      type: 'InvalidRecipe',
      message: `cannot read the recipe ${file}`,
      nextStep: 'name an existing YAML file, e.g. a copy of recipes/demo.yaml',
      cause,
    })
  })
  return { recipe: parseRecipe(recipeText, { file }), recipeText, folder: dirname(resolve(file)) }
}

/** Admits a recipe with progress: what `start` and `demo` share. */
export async function admit(options: {
  recipe: Recipe
  recipeText: string
  folder: string
  db: Database
  client: CampaignClient
  home: string
  site: SiteFile
  progress: Progress
  who: string
  env: Terminal['env']
}): Promise<Started & { notes: string[] }> {
  const { home, progress, site, ...rest } = options
  progress.start(`campaign ${rest.recipe.campaign}`)
  try {
    // Before the store makes its own folders: this says what is wrong also where Node would hang
    // (below /proc).
    ensureFolder(homePaths(home).root)
    const store = await openArtifactStore(join(homePaths(home).root, 'artifacts'))
    const notes = await checkJobs(rest.recipe, site, placesToLookAt(home, site, options))
    const cache = honeCache(rest.env)
    const started = await startCampaign({
      ...rest,
      store,
      demo: demoPlaces(home),
      models: {
        demoBase: findDemoBase(cache),
        hub: createHub({ cache, env: rest.env }),
        models: homePaths(home).models,
      },
      onProgress: (text) => progress.update(text),
    })
    progress.done(told[started.outcome].short)
    return { ...started, notes }
  } catch (error) {
    progress.fail()
    throw error
  }
}

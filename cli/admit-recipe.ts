import { join } from 'node:path'
import { openArtifactStore } from '../artifacts/store.ts'
import type { CampaignClient } from '../client/campaigns.ts'
import { checkJobs } from '../client/check-jobs.ts'
import { startCampaign } from '../client/start-campaign.ts'
import type { Started } from '../client/start-campaign.ts'
import type { Database } from '../db/database.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { ensureFolder, honeCache, homePaths } from '../services/home.ts'
import { createHub } from '../services/hub.ts'
import type { Progress } from '../services/progress.ts'
import { demoPlaces, findDemoBase } from '../services/stack/demo-world.ts'
import type { RecipeFile } from './recipe-file.ts'
import { placesToLookAt } from './site.ts'
import type { Terminal } from './terminal.ts'

/** What became of a start, for the line of progress. */
const outcomes = {
  created: 'created',
  exists: 'found, it goes on',
  finished: 'found, it finished earlier',
} as const satisfies Record<Started['outcome'], string>

/** Checks a recipe's jobs and starts its campaign, with progress. `notes` are those of both. */
export async function admitRecipe(
  options: RecipeFile & {
    db: Database
    client: CampaignClient
    home: string
    site: SiteFile
    progress: Progress
    who: string
    env: Terminal['env']
    probe: boolean
  },
): Promise<Started> {
  const { home, progress, site, ...rest } = options
  progress.start(`campaign ${rest.recipe.campaign}`)
  try {
    // Before the store makes its own folders: ensureFolder says what is wrong, also below /proc,
    // where Node would hang.
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
    progress.done(outcomes[started.outcome])
    return { ...started, notes: [...notes, ...started.notes] }
  } catch (error) {
    progress.fail()
    throw error
  }
}

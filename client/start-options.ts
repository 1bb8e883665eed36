import type { ArtifactStore } from '../artifacts/store.ts'
import type { Database } from '../db/database.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import type { BaseModelPlaces } from './admit-base-model.ts'
import type { CampaignClient } from './campaigns.ts'

/** Everything that the start of a campaign needs. */
export interface StartOptions {
  db: Database
  store: ArtifactStore
  client: CampaignClient
  recipe: Recipe
  /** The YAML of the recipe; the campaign keeps it. */
  recipeText: string
  /** Folder of the recipe: its paths are relative to it. */
  folder: string
  /** What `demo:` names mean. Null without a demo world. */
  demo: { world: string; teacherUrl: string } | null
  /** Where base models come from. */
  models: Pick<BaseModelPlaces, 'demoBase' | 'hub' | 'models'>
  who: string
  onProgress: (text: string) => void
  /** Whether each endpoint is asked whether it takes the steps' requests. */
  probe: boolean
  /** Environment variables, for the keys of endpoints. */
  env: Readonly<Record<string, string | undefined>>
}

import { getCampaign, listCampaigns } from '../db/campaigns.ts'
import type { CampaignRecord } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { HoneError } from '../domain/errors.ts'

/**
 * The campaign that a verb is about: the named campaign, or the only campaign of this home. Throws
 * UnknownCampaign; InvalidInput when a name is needed.
 */
export async function chooseCampaign(db: Database, named: string | undefined): Promise<CampaignRecord> {
  if (named !== undefined) return getCampaign(db, named)
  const ids = (await listCampaigns(db)).map(({ id }) => id)
  const [only, ...others] = ids
  if (only === undefined)
    throw new HoneError({
      type: 'UnknownCampaign',
      message: 'There is no campaign yet.',
      nextStep: 'Start one: `hone demo`, or `hone start recipe.yaml`.',
    })
  if (others.length > 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Which campaign? There are ${ids.length}: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', …' : ''}.`,
      nextStep: 'Name the campaign; the name may be left out only while there is a single campaign.',
    })
  return getCampaign(db, only)
}

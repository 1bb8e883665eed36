import { HoneError } from '../domain/errors.ts'
import { allRounds } from './campaign.ts'
import type { CampaignOverview } from './campaign.ts'

/** A round's checkpoint. */
export interface RoundModel {
  campaign: string
  round: number
  /** Id of the checkpoint: the hash of its content. */
  checkpoint: string
  /** Folder of the weights on this machine. */
  path: string
}

/**
 * The checkpoint of a round; of the head's round without a number, or of the base model while there
 * is no head. Throws UnknownRound; InvalidInput for a round without a checkpoint.
 */
export function roundModel(overview: CampaignOverview, number = overview.head ?? 0): RoundModel {
  const { campaign } = overview
  const found = allRounds(overview).find(({ round }) => round === number)
  if (!found)
    throw new HoneError({
      type: 'UnknownRound',
      message: `Campaign "${campaign}" has no round ${number}.`,
      nextStep: `See its rounds with: hone rounds ${campaign}`,
    })
  const { checkpoint, checkpointPath: path } = found
  if (checkpoint === null || path === null)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Round ${number} of ${campaign} is ${found.status} and has no checkpoint.`,
      nextStep: `Name a closed round with --round; see: hone rounds ${campaign}`,
    })
  return { campaign, round: number, checkpoint, path }
}

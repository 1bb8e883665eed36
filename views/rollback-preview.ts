import { ancestors, headRefusal, nextRoundNumber } from '../domain/lineage.ts'
import { allRounds } from './campaign.ts'
import type { CampaignOverview } from './campaign.ts'

/** The effects of a rollback. Rounds are given by number. */
export interface RollbackPreview {
  campaign: string
  /** The head now; 0, the base model, while no round is the head. */
  from: number
  to: number
  /** Rounds from the base model to the new head. */
  line: number[]
  /** Rounds that would be off the line. All of them are kept. */
  left: number[]
  /** Rounds that run and would be cancelled, each with the step that runs. */
  cancelled: { round: number; step: string | null }[]
  /** Number of the round that would come next, with the new head as its parent. */
  next: number
}

/** Previews a rollback. Throws UnknownRound when the round does not exist or did not end well. */
export function rollbackPreview(overview: CampaignOverview, to: number): RollbackPreview {
  const { campaign, head } = overview
  const rounds = allRounds(overview)
  const target = rounds.find(({ round }) => round === to)
  const refusal = headRefusal(campaign, to, target)
  if (refusal) throw refusal
  const nodes = rounds.map(({ round, parent }) => ({ number: round, parent }))
  const line = ancestors(nodes, to).toReversed()
  const isRunning = ({ status }: { status: string }): boolean => status === 'running'
  return {
    campaign,
    from: head ?? 0,
    to,
    line,
    left: rounds.flatMap((round) => (line.includes(round.round) || isRunning(round) ? [] : [round.round])),
    cancelled: rounds
      .filter(isRunning)
      .map(({ round, steps }) => ({ round, step: steps.find(isRunning)?.name ?? null })),
    next: nextRoundNumber(nodes),
  }
}

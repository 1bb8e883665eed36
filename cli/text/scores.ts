import type { ScoreView } from '../../db/round-views.ts'
import { mixedBenchmarks } from '../../views/campaign.ts'
import type { CampaignOverview } from '../../views/campaign.ts'
import { interval } from './figures.ts'

type Scored = Pick<CampaignOverview, 'campaign' | 'base' | 'rounds'>

/**
 * Writes the scores of a campaign: `61.2 % [58.1, 64.2]`. Where the rounds of a benchmark were
 * graded by different versions of the verifier, each score names its version.
 */
export function scoreWriter(overview: Scored): (score: ScoreView) => string {
  const mixed = new Set(mixedBenchmarks(overview).map(({ benchmark }) => benchmark))
  return (score) => (mixed.has(score.benchmark) ? `${interval(score)} (${verifierText(score)})` : interval(score))
}

/** `verifier 2.0.0`. */
export const verifierText = ({ verifier }: Pick<ScoreView, 'verifier'>): string => `verifier ${verifier ?? 'unknown'}`

/**
 * Says which scores of a campaign are not comparable, and how to make them so. No line where all
 * are.
 */
export const mixedLines = (overview: Scored): string[] =>
  mixedBenchmarks(overview).map(({ benchmark, verifiers }) => {
    const versions = verifiers.map((each) => each ?? 'unknown').join(' and ')
    return `Scores on ${benchmark} were graded by different graders (verifier ${versions}) and are not comparable. Grade the stored replies again: hone evaluate ${overview.campaign} --again`
  })

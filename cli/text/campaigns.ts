import type { CampaignSummary } from '../../db/campaigns.ts'
import { clock, interval, nothing } from './figures.ts'
import { table } from './table.ts'
import type { Column } from './table.ts'

/** All campaigns, a line for each. */
export function campaignLines(campaigns: readonly CampaignSummary[]): string[] {
  if (campaigns.length === 0) return ['No campaign yet. Start one: `hone demo`, or `hone start recipe.yaml`.']
  const columns: Column[] = [
    { head: 'campaign' },
    { head: 'status' },
    { head: 'head', align: 'right' },
    { head: 'rounds', align: 'right' },
    { head: 'newest scores' },
    { head: 'changed' },
  ]
  const rows = campaigns.map(({ id, status, head, rounds, lastScores, updatedAt }) => [
    id,
    status,
    head === null ? nothing : String(head),
    String(rounds),
    lastScores.map((score) => `${score.benchmark} ${interval(score)}`).join('; ') || nothing,
    clock(updatedAt),
  ])
  return table(columns, rows)
}

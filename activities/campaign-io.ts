import { nextRound } from '../domain/recipe/round-plan.ts'
import { headRefusal } from '../domain/lineage.ts'
import { getCampaign, setCampaignStatus, setHead } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { findEvent, recordEvent } from '../db/events.ts'
import { closeRound, findRound, listRounds, reopenRound } from '../db/rounds.ts'
import { recipeOf } from './recipes.ts'
import { roundSummaries } from './summaries.ts'
import type { CampaignRef, CampaignState, IoActivities } from './types.ts'

/** Where a campaign is now, all read from Postgres: a run of its workflow can end at any line. */
export async function loadCampaign(db: Database, { campaign }: CampaignRef): Promise<CampaignState> {
  const record = await getCampaign(db, campaign)
  const recipe = await recipeOf(db, campaign)
  const rounds = await listRounds(db, campaign)
  const nodes = rounds.map((round) => ({ number: round.number, parent: round.parentNumber, status: round.status }))
  const head = record.headRound ?? 0
  const roundsWanted = recipe.rounds.count
  return {
    status: record.status,
    head,
    roundsWanted,
    rounds: (await roundSummaries(db, campaign)).slice(-30),
    next: nextRound(nodes, head, roundsWanted),
  }
}

/** Keeps a person's command with who and why. The status changes in the same transaction. */
export async function recordCommand(
  db: Database,
  { campaign, kind, who, why, dedupeKey, budget, endpoints }: Parameters<IoActivities['recordCommand']>[0],
): Promise<void> {
  await db.transaction(async (tx) => {
    const data = budget || endpoints ? { ...(budget && { budget }), ...(endpoints && { endpoints }) } : undefined
    await recordEvent(tx, { campaign, kind, who, why, dedupeKey, data })
    await setCampaignStatus(tx, campaign, kind === 'paused' ? 'paused' : 'running', why)
  })
}

/**
 * Moves the head and records the act. The same act twice moves it once. A rollback gives up rounds
 * that failed, so that the next round gets a number of its own. That holds too where the cancelled
 * round ended as failed because its worker had died.
 */
export async function moveHead(
  db: Database,
  { campaign, to, kind, who, why, dedupeKey }: Parameters<IoActivities['moveHead']>[0],
): Promise<{ from: number; to: number }> {
  const refusal = headRefusal(campaign, to, await findRound(db, campaign, to))
  if (refusal) throw refusal
  await db.transaction(async (tx) => {
    const isNew = await setHead(tx, campaign, to, { kind, who, why, dedupeKey })
    if (isNew && kind === 'rollback') await giveUpFailedRounds(tx, campaign)
  })
  return { from: (await findEvent(db, dedupeKey))?.fromRound ?? to, to }
}

async function giveUpFailedRounds(db: Database, campaign: string): Promise<void> {
  for (const { number, status, reason } of await listRounds(db, campaign)) {
    if (status !== 'failed' || number === 0) continue
    await reopenRound(db, campaign, number)
    await closeRound(db, { campaign, number, status: 'cancelled', reason })
  }
}

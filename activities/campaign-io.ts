import { nextRound } from '../domain/recipe/round-plan.ts'
import { HoneError } from '../domain/errors.ts'
import { getCampaign, setCampaignStatus, setHead } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { listEvents, recordEvent } from '../db/events.ts'
import { closeRound, getRound, listRounds, reopenRound } from '../db/rounds.ts'
import { recipeOf } from './recipes.ts'
import { roundSummaries } from './summaries.ts'
import type { CampaignRef, CampaignState, IoActivities } from './types.ts'

/** Where a campaign stands, all from Postgres: a run of its workflow can end at any line. */
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

/** A command of a person, kept with who and why; the status follows in the same transaction. */
export async function recordCommand(
  db: Database,
  { campaign, kind, who, why, dedupeKey, budget }: Parameters<IoActivities['recordCommand']>[0],
): Promise<void> {
  await db.transaction(async (tx) => {
    await recordEvent(tx, { campaign, kind, who, why, dedupeKey, data: budget && { budget } })
    await setCampaignStatus(tx, campaign, kind === 'paused' ? 'paused' : 'running', why)
  })
}

/**
 * Moves the head and records the act. Only a closed round can be the head; the same act twice moves it once. A rollback gives up rounds that
 * failed: the next round gets a number of its own, also where the round that was cancelled ended as failed because its worker had died.
 */
export async function moveHead(
  db: Database,
  { campaign, to, kind, who, why, dedupeKey }: Parameters<IoActivities['moveHead']>[0],
): Promise<{ from: number; to: number }> {
  const round = await getRound(db, campaign, to)
  if (round.status !== 'closed')
    throw new HoneError({
      type: 'UnknownRound',
      message: `round ${to} of ${campaign} is ${round.status}: only a round that ended well can be the head`,
      nextStep: `choose one that is closed; see: hone rounds ${campaign}`,
    })
  await db.transaction(async (tx) => {
    const isNew = await setHead(tx, campaign, to, { kind, who, why, dedupeKey })
    if (isNew && kind === 'rollback') await giveUpFailedRounds(tx, campaign)
  })
  const act = (await listEvents(db, campaign)).find((event) => event.dedupeKey === dedupeKey)
  return { from: act?.fromRound ?? to, to }
}

async function giveUpFailedRounds(db: Database, campaign: string): Promise<void> {
  for (const { number, status, reason } of await listRounds(db, campaign)) {
    if (status !== 'failed' || number === 0) continue
    await reopenRound(db, campaign, number)
    await closeRound(db, { campaign, number, status: 'cancelled', reason })
  }
}

import { datasetStatistics } from '../data/statistics/dataset-statistics.ts'
import type { DatasetStatistics } from '../data/statistics/dataset-statistics.ts'
import type { Database } from '../db/database.ts'
import { getDataset, listSources, resolveDataset } from '../db/datasets.ts'
import { stepViews } from '../db/round-views.ts'
import { getRound, listRounds } from '../db/rounds.ts'
import { streamRows } from '../db/rows.ts'
import { datasetOfStep } from '../db/step-progress.ts'
import { HoneError } from '../domain/errors.ts'

/** Statistics under the name of their dataset. */
export interface NamedStatistics extends DatasetStatistics {
  name: string
}

/** Datasets of a round in figures. */
export interface RoundStatistics {
  campaign: string
  round: number
  datasets: NamedStatistics[]
}

/** Which datasets are counted, and how. */
export interface StatisticsWish {
  /** Number of the round; the newest round when left out. */
  round?: number | undefined
  /** Names of steps and sources; every complete dataset when empty. */
  names: readonly string[]
  /** Reflection words to count. */
  words: readonly string[]
}

/**
 * Statistics of the kept rows of a round's datasets. Reads every row. Throws UnknownRound;
 * InvalidInput for a name that is unknown or not complete, and where no dataset is complete.
 */
export async function roundStatistics(
  db: Database,
  campaign: string,
  { round: wanted, names: named, words }: StatisticsWish,
): Promise<RoundStatistics> {
  const round = wanted ?? (await listRounds(db, campaign)).at(-1)?.number ?? 0
  if (wanted !== undefined) await getRound(db, campaign, wanted)
  const names = named.length > 0 ? [...new Set(named)] : await completeDatasets(db, campaign, round)
  if (names.length === 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Round ${round} of ${campaign} has no complete dataset yet.`,
      nextStep: `See how far it is with \`hone status ${campaign}\`, or name an earlier round.`,
    })
  // All names first: a wrong name is refused at once, not after minutes of counting.
  const found: { name: string; id: string }[] = []
  for (const name of names) found.push({ name, id: await resolveDataset(db, campaign, round, name) })
  const datasets: NamedStatistics[] = []
  for (const { name, id } of found) datasets.push({ name, ...(await datasetStatistics(streamRows(db, id), words)) })
  return { campaign, round, datasets }
}

/** Names of complete datasets: sources, then steps of the round in order. */
async function completeDatasets(db: Database, campaign: string, round: number): Promise<string[]> {
  const sources = (await listSources(db, campaign)).filter(({ role }) => role === 'source')
  const names = sources.flatMap(({ name, dataset }) => (dataset.sealedAt === null ? [] : [name]))
  for (const { id, name } of await stepViews(db, campaign, round)) {
    const datasetId = await datasetOfStep(db, id)
    if (datasetId !== null && (await getDataset(db, datasetId)).sealedAt !== null) names.push(name)
  }
  return names
}

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { ExportRow } from '../data/export/format.ts'
import type { DatasetLineage, ExportSource, LineageCheckpoint, LineageDataset } from '../data/export/manifest.ts'
import { findCampaign } from '../db/campaigns.ts'
import { datasetLineage } from '../db/checkpoint-lineage.ts'
import type { CheckpointNode, DatasetNode } from '../db/checkpoint-lineage.ts'
import type { Database } from '../db/database.ts'
import { getDataset, resolveDataset } from '../db/datasets.ts'
import type { DatasetRecord } from '../db/datasets.ts'
import { datasetOfImport, importNames } from '../db/imports.ts'
import { requireSealed, streamEvidence, streamRows } from '../db/rows.ts'
import { datasets } from '../db/schema/datasets.ts'
import { answerPolicy, withUsualPolicy } from '../domain/answer-check.ts'
import type { AnswerPolicy } from '../domain/answer-check.ts'
import { HoneError } from '../domain/errors.ts'

/**
 * A dataset that can be exported. `promptSuffix` and `policy` are from its campaign's recipe; empty
 * and absent for a source.
 */
export interface ExportableDataset {
  source: ExportSource
  promptSuffix: string
  /** How answers are checked where a row's own policy says nothing. */
  policy?: AnswerPolicy | undefined
}

const recipePart = z
  .object({ promptSuffix: z.string().catch(''), policy: answerPolicy.optional().catch(undefined) })
  .catch({ promptSuffix: '' })

/**
 * Finds a dataset by its id (`CAMPAIGN/ROUND/STEP`, `source/HASH`), by the name of an import, or as
 * a source of a campaign (`CAMPAIGN/ROUND/SOURCE`). Campaign, round and step may be separate words.
 * Throws InvalidInput when there is no such dataset, or when it is not complete.
 */
export async function findExportable(db: Database, words: readonly string[]): Promise<ExportableDataset> {
  const dataset = await findDataset(db, words)
  await requireSealed(db, [dataset.id])
  const tree = await datasetLineage(db, dataset.id)
  const { step } = tree
  const campaign = step === null ? null : await findCampaign(db, step.campaign)
  const source: ExportSource = {
    id: dataset.id,
    name: dataset.name,
    contentHash: dataset.contentHash,
    rows: dataset.rowCount ?? 0,
    campaign: step?.campaign ?? null,
    round: step?.round ?? null,
    step: step?.name ?? null,
    recipeHash: campaign?.recipeHash ?? null,
    lineage: flatten(tree),
  }
  return { source, ...recipePart.parse(campaign?.recipe) }
}

/**
 * Kept rows in their order. With `all`, dropped and failed rows follow, by id. `policy` is the
 * recipe's: a trainer of one's own checks answers as the campaign does.
 */
export async function* exportRows(
  db: Database,
  id: string,
  { status, policy }: { status: 'kept' | 'all'; policy?: AnswerPolicy | undefined },
): AsyncGenerator<ExportRow> {
  for await (const row of streamRows(db, id)) yield { ...withUsualPolicy(row, policy), status: 'kept', reason: null }
  if (status === 'kept') return
  for await (const { from: _, ...row } of streamEvidence(db, [{ name: id, datasetId: id }]))
    if (row.status !== 'kept') yield withUsualPolicy(row, policy)
}

async function findDataset(db: Database, words: readonly string[]): Promise<DatasetRecord> {
  const named = words.join('/')
  const [byId] = await db.select().from(datasets).where(eq(datasets.id, named))
  if (byId) return byId
  const imported = await datasetOfImport(db, named.replace(/^import:/, ''))
  if (imported !== null) return await getDataset(db, imported)
  const [, campaign, round, name] = /^([^/]+)\/(\d{1,9})\/(.+)$/.exec(named) ?? []
  if (campaign !== undefined && name !== undefined)
    return await getDataset(db, await resolveDataset(db, campaign, Number(round), name))
  const known = await importNames(db)
  throw new HoneError({
    type: 'InvalidInput',
    message: `There is no dataset "${named}".`,
    nextStep: `Name a step's as CAMPAIGN/ROUND/STEP (see \`hone show CAMPAIGN ROUND\`), a source as source/HASH, or an import by its name${
      known.length > 0 ? `: ${known.join(', ')}` : ''
    }.`,
  })
}

/** The nodes of a tree of lineage as lists, each node once. */
function flatten(root: DatasetNode): DatasetLineage {
  const found = new Map<string, LineageDataset>()
  const checkpoints = new Map<string, LineageCheckpoint>()
  const visit = (node: DatasetNode): void => {
    if (node.repeated) return
    const { id, name, contentHash, kept, dropped, failed, step, models } = node
    const ids = (nodes: readonly { id: string }[]): string[] => nodes.map((next) => next.id)
    found.set(id, {
      id,
      name,
      contentHash,
      kept,
      dropped,
      failed,
      step,
      sourceHash: node.source?.hash ?? null,
      inputs: ids(node.inputs),
      evidence: ids(node.evidence),
      models,
      checkpoints: ids(node.checkpoints),
    })
    for (const next of [...node.inputs, ...node.evidence]) visit(next)
    for (const next of node.checkpoints) visitCheckpoint(next)
  }
  const visitCheckpoint = ({ id, repeated, publications }: CheckpointNode): void => {
    if (repeated) return
    const trained = publications.flatMap((publication) => publication.datasets)
    const started = publications.flatMap(({ startedFrom }) => (startedFrom ? [startedFrom] : []))
    checkpoints.set(id, { id, trainedOn: trained.map((next) => next.id), startedFrom: started[0]?.id ?? null })
    for (const next of trained) visit(next)
    for (const next of started) visitCheckpoint(next)
  }
  visit(root)
  return { datasets: [...found.values()], checkpoints: [...checkpoints.values()] }
}

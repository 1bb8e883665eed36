import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { getCheckpoint } from './checkpoints.ts'
import type { Database } from './database.ts'
import { rowsOf, textArray } from './sql.ts'

const step = z.object({ campaign: z.string(), round: z.number(), name: z.string(), kind: z.string() })
const modelUse = z.object({ endpoint: z.string(), model: z.string(), replies: z.number() })

const datasetDetail = z.object({
  id: z.string(),
  name: z.string(),
  step: step.nullable(),
  source: z.object({ path: z.string(), hash: z.string() }).nullable(),
  /** SHA-256 over the kept rows in order; null while the dataset is not complete. */
  contentHash: z.string().nullable(),
  kept: z.number(),
  dropped: z.number(),
  failed: z.number(),
  models: z.array(modelUse),
})

const publicationDetail = z.object({
  checkpointId: z.string(),
  step,
  job: z.object({ id: z.string(), backend: z.string(), launcher: z.string(), attempts: z.number() }).nullable(),
  startCheckpointId: z.string().nullable(),
  stepId: z.number(),
})

const checkpointDetail = z.object({ id: z.string(), path: z.string(), bytes: z.number() })

/**
 * A dataset and what it was made from. Its step read the rows of `inputs` and weighed `evidence` as
 * a whole. `checkpoints` are Hone's own models that wrote its replies. A node that occurs earlier
 * in the tree is `repeated` and has no children here, so that the tree stays small.
 */
export interface DatasetNode extends z.infer<typeof datasetDetail> {
  repeated: boolean
  inputs: DatasetNode[]
  evidence: DatasetNode[]
  checkpoints: CheckpointNode[]
}

/** A training that ended in a checkpoint. */
export interface Publication extends Pick<z.infer<typeof publicationDetail>, 'step' | 'job'> {
  datasets: DatasetNode[]
  startedFrom: CheckpointNode | null
}

/** A checkpoint with every training that ended in it: no training for a base model, usually one. */
export interface CheckpointNode extends z.infer<typeof checkpointDetail> {
  repeated: boolean
  publications: Publication[]
}

const edge = z.object({
  fromKind: z.enum(['checkpoint', 'dataset']),
  fromId: z.string(),
  /** The training step that the edge belongs to, for edges from a checkpoint. */
  stepId: z.number().nullable(),
  toKind: z.enum(['checkpoint', 'dataset']),
  toId: z.string(),
  /** Whether the dataset's step weighed the other dataset and did not read its rows. */
  isEvidence: z.boolean(),
})
type Edge = z.infer<typeof edge>

/**
 * Where a checkpoint comes from, down to sources and base models: the training that made it, the
 * weights it started from, its datasets, what these were made from, and the models that wrote their
 * replies. The walk is one recursive query. A reply's `model` that ends in a checkpoint's id leads
 * on to that checkpoint. Throws InvalidInput when there is no such checkpoint.
 */
export async function checkpointLineage(db: Database, idPrefixOrPath: string): Promise<CheckpointNode> {
  const { id } = await getCheckpoint(db, idPrefixOrPath)
  return (await treeFrom(db, 'checkpoint', id)).checkpoint(id)
}

/** The same for a dataset: where it comes from, down to sources and base models. */
export async function datasetLineage(db: Database, id: string): Promise<DatasetNode> {
  return (await treeFrom(db, 'dataset', id)).dataset(id)
}

async function treeFrom(db: Database, kind: Edge['toKind'], id: string): Promise<Tree> {
  const edges = await walk(db, kind, id)
  const ids = (wanted: Edge['toKind']): string[] => [
    ...new Set([
      ...(wanted === kind ? [id] : []),
      ...edges.filter((found) => found.toKind === wanted).map((found) => found.toId),
    ]),
  ]
  const checkpointIds = ids('checkpoint')
  return new Tree(edges, {
    datasets: new Map((await datasetsOf(db, ids('dataset'))).map((found) => [found.id, found])),
    checkpoints: new Map((await checkpointsOf(db, checkpointIds)).map((found) => [found.id, found])),
    publications: await publicationsOf(db, checkpointIds),
  })
}

async function walk(db: Database, kind: Edge['toKind'], id: string): Promise<Edge[]> {
  return rowsOf(
    db,
    edge,
    sql`
      with recursive edges(from_kind, from_id, step_id, to_kind, to_id, is_evidence) as (
        select 'root', '', null::bigint, ${kind}::text, ${id}::text, false
        union
        select e.to_kind, e.to_id, next.step_id, next.kind, next.id, next.is_evidence
        from edges e
        cross join lateral (
          select cs.step_id, 'dataset' as kind, si.dataset_id as id, false as is_evidence
          from checkpoint_steps cs join step_inputs si on si.step_id = cs.step_id left join jobs j on j.id = cs.job_id
          where e.to_kind = 'checkpoint' and cs.checkpoint_id = e.to_id
            and coalesce(j.spec -> 'datasets' @> to_jsonb(si.dataset_id), true)
          union
          select cs.step_id, 'checkpoint', cs.start_checkpoint_id, false
          from checkpoint_steps cs
          where e.to_kind = 'checkpoint' and cs.checkpoint_id = e.to_id and cs.start_checkpoint_id is not null
          union
          select null, 'dataset', si.dataset_id, false
          from datasets d join step_inputs si on si.step_id = d.step_id
          where e.to_kind = 'dataset' and d.id = e.to_id
          union
          select null, 'dataset', se.dataset_id, true
          from datasets d join step_evidence se on se.step_id = d.step_id
          where e.to_kind = 'dataset' and d.id = e.to_id
          union
          select null, 'checkpoint', c.id, false
          from (
            select distinct q.model
            from rows r join row_requests rr on rr.row_id = r.id join requests q on q.key = rr.request_key
            where e.to_kind = 'dataset' and r.dataset_id = e.to_id
          ) asked
          join checkpoints c on right(asked.model, length(c.id)) = c.id
        ) next
      )
      select from_kind as "fromKind", from_id as "fromId", step_id::float8 as "stepId", to_kind as "toKind",
        to_id as "toId", is_evidence as "isEvidence"
      from edges where from_kind <> 'root'`,
  )
}

const checkpointsOf = (db: Database, ids: readonly string[]) =>
  rowsOf(
    db,
    checkpointDetail,
    sql`select id, path, bytes::float8 as bytes from checkpoints where id = any(${textArray(ids)})`,
  )

const publicationsOf = (db: Database, checkpointIds: readonly string[]) =>
  rowsOf(
    db,
    publicationDetail,
    sql`
      select cs.checkpoint_id as "checkpointId", cs.start_checkpoint_id as "startCheckpointId",
        cs.step_id::float8 as "stepId",
        jsonb_build_object('campaign', s.campaign_id, 'round', s.round_number, 'name', s.name, 'kind', s.kind) as step,
        case when j.id is not null then jsonb_build_object(
          'id', j.id, 'backend', j.backend, 'launcher', j.launcher,
          'attempts', (select count(*) from attempts a where a.job_id = j.id)
        ) end as job
      from checkpoint_steps cs join steps s on s.id = cs.step_id left join jobs j on j.id = cs.job_id
      where cs.checkpoint_id = any(${textArray(checkpointIds)})
      order by cs.created_at, cs.step_id`,
  )

const datasetsOf = (db: Database, ids: readonly string[]) =>
  rowsOf(
    db,
    datasetDetail,
    sql`
      select d.id, d.name, d.content_hash as "contentHash", counts.*,
        case when s.id is not null then jsonb_build_object(
          'campaign', s.campaign_id, 'round', s.round_number, 'name', s.name, 'kind', s.kind
        ) end as step,
        case when d.step_id is null then jsonb_build_object('path', d.source_path, 'hash', d.source_hash) end as source,
        coalesce((
          select jsonb_agg(to_jsonb(used) order by used.endpoint, used.model) from (
            select q.endpoint, q.model, count(distinct q.key)::int as replies
            from rows r join row_requests rr on rr.row_id = r.id join requests q on q.key = rr.request_key
            where r.dataset_id = d.id group by 1, 2
          ) used
        ), '[]') as models
      from datasets d
      left join steps s on s.id = d.step_id
      cross join lateral (
        select count(*) filter (where r.status = 'kept')::int as kept,
          count(*) filter (where r.status = 'dropped')::int as dropped,
          count(*) filter (where r.status = 'failed')::int as failed
        from rows r where r.dataset_id = d.id
      ) counts
      where d.id = any(${textArray(ids)})`,
  )

interface Details {
  datasets: Map<string, z.infer<typeof datasetDetail>>
  checkpoints: Map<string, z.infer<typeof checkpointDetail>>
  publications: z.infer<typeof publicationDetail>[]
}

/** Makes a tree of edges. A node has its children where it is met first. */
class Tree {
  readonly #edges: readonly Edge[]
  readonly #details: Details
  readonly #met = new Set<string>()

  constructor(edges: readonly Edge[], details: Details) {
    this.#edges = edges
    this.#details = details
  }

  checkpoint(id: string): CheckpointNode {
    const found = this.#details.checkpoints.get(id) ?? { id, path: '', bytes: 0 }
    const repeated = this.#meet(`checkpoint ${id}`)
    const made = repeated ? [] : this.#details.publications.filter((publication) => publication.checkpointId === id)
    return {
      ...found,
      repeated,
      publications: made.map((publication) => ({
        step: publication.step,
        job: publication.job,
        datasets: this.#next('checkpoint', id, 'dataset', publication.stepId).map((next) => this.dataset(next)),
        startedFrom: publication.startCheckpointId === null ? null : this.checkpoint(publication.startCheckpointId),
      })),
    }
  }

  dataset(id: string): DatasetNode {
    const missing = {
      id,
      name: id,
      step: null,
      source: null,
      contentHash: null,
      kept: 0,
      dropped: 0,
      failed: 0,
      models: [],
    }
    const found = this.#details.datasets.get(id) ?? missing
    const repeated = this.#meet(`dataset ${id}`)
    if (repeated) return { ...found, repeated, inputs: [], evidence: [], checkpoints: [] }
    const inputs = this.#next('dataset', id, 'dataset', null).map((next) => this.dataset(next))
    const evidence = this.#next('dataset', id, 'dataset', null, true).map((next) => this.dataset(next))
    const checkpoints = this.#next('dataset', id, 'checkpoint', null).map((next) => this.checkpoint(next))
    return { ...found, repeated, inputs, evidence, checkpoints }
  }

  #next(
    fromKind: Edge['fromKind'],
    fromId: string,
    toKind: Edge['toKind'],
    stepId: number | null,
    isEvidence = false,
  ): string[] {
    return this.#edges
      .filter((found) => found.fromKind === fromKind && found.fromId === fromId)
      .filter((found) => found.toKind === toKind && found.stepId === stepId && found.isEvidence === isEvidence)
      .map((found) => found.toId)
      .sort()
  }

  /** True when the node was met before. */
  #meet(node: string): boolean {
    if (this.#met.has(node)) return true
    this.#met.add(node)
    return false
  }
}

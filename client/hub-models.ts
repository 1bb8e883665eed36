import { readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { listTree } from '../artifacts/hash.ts'
import type { ArtifactStore } from '../artifacts/store.ts'
import { writeWholeFile } from '../artifacts/whole-file.ts'
import type { BaseModel } from '../db/base-models.ts'
import { HoneError } from '../domain/errors.ts'
import { ensureFolder } from '../services/home.ts'
import type { Hub } from '../services/hub.ts'
import type { HubModel } from '../services/hub-model.ts'
import { withLock } from '../services/lock.ts'
import { refuseUnusable } from './usable-model.ts'

/** What a fetch from the hub needs. */
export interface HubPlaces {
  store: ArtifactStore
  hub: Hub
  /** Folder of the home for downloads. */
  models: string
  onProgress: (text: string) => void
}

/**
 * Record of the weights that a commit of the hub led to: a file in the folder of downloads, so that
 * nothing is fetched twice.
 */
const fetched = z.object({ repo: z.string(), commit: z.string(), checkpoint: z.string(), bytes: z.number() })

const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)
const nameOf = (repo: string, commit: string): string => `${repo.replace('/', '--')}@${commit}`

/**
 * Looks up a model of the hub. Returns the function that brings it into the store. No network is
 * used for a commit that was fetched before. A download stays in `models` until it is published;
 * after a kill the next call continues it.
 */
export async function storeHubModel(model: HubModel, places: HubPlaces): Promise<() => Promise<BaseModel>> {
  const { repo, revision } = model
  const known = revision !== null && isCommit(revision) ? await findFetched(model, revision, places) : null
  if (known) return () => Promise.resolve(known)
  const { commit, bytes } = await places.hub.look(model)
  return async () => {
    const before = await findFetched(model, commit, places)
    if (before) return before
    ensureFolder(places.models)
    const place = join(places.models, nameOf(repo, commit))
    return await withLock(
      `${place}.lock`,
      `fetch ${repo}`,
      async () => (await findFetched(model, commit, places)) ?? (await fetchModel(model, { commit, bytes }, places)),
      ({ pid }) => places.onProgress(`base model: waiting for process ${pid}, which fetches it`),
    )
  }
}

async function findFetched(model: HubModel, commit: string, { store, models }: HubPlaces): Promise<BaseModel | null> {
  const text = await readFile(join(models, `${nameOf(model.repo, commit)}.json`), 'utf8').catch(() => null)
  if (text === null) return null
  const { checkpoint, bytes } = fetched.parse(JSON.parse(text))
  if (!(await store.hasCheckpoint(checkpoint))) return null
  return { id: checkpoint, path: store.checkpointPath(checkpoint), bytes, origin: { from: 'hub', ...model, commit } }
}

/**
 * Fetches, checks, publishes, records and tidies up. After a death at any of these, the next call
 * continues from there.
 */
async function fetchModel(
  { repo, revision }: HubModel,
  { commit, bytes: expected }: { commit: string; bytes: number },
  { store, hub, models, onProgress }: HubPlaces,
): Promise<BaseModel> {
  const folder = join(models, nameOf(repo, commit))
  ensureFolder(folder)
  await refuseWithoutRoom(folder, expected, repo)
  await hub.fetch({ repo, revision: commit }, folder, (text) => onProgress(`base model: ${text}`))
  await refuseUnusable(folder, `${repo} at commit ${commit}`)
  onProgress('base model: hashing it')
  // No other process writes into this folder, and it is deleted below: its files move into the
  // store without a second copy.
  const { hash, path, bytes } = await store.publishCheckpoint(folder, { withoutHidden: true })
  const record = join(models, `${nameOf(repo, commit)}.json`)
  await writeWholeFile(record, JSON.stringify({ repo, commit, checkpoint: hash, bytes } satisfies Fetched))
  await rm(folder, { recursive: true, force: true })
  return { id: hash, path, bytes, origin: { from: 'hub', repo, revision, commit } }
}

type Fetched = z.infer<typeof fetched>

async function refuseWithoutRoom(folder: string, bytes: number, repo: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const there = (await listTree(folder)).reduce((sum, file) => sum + file.bytes, 0)
  if (free >= bytes - there) return
  const gb = (size: number) => `${(size / 1e9).toFixed(1)} GB`
  throw new HoneError({
    type: 'StorageFull',
    message: `${repo} needs ${gb(bytes - there)} more and ${gb(free)} are free where ${folder} lies.`,
    nextStep: 'Free space there, or set HONE_HOME to a folder on a disk with room.',
  })
}

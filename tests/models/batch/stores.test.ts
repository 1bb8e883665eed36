import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { openFileBatches } from '../../../data/file-steps/file-batches.ts'
import type { FileBatches } from '../../../data/file-steps/file-batches.ts'
import { openFileReplies } from '../../../data/file-steps/file-replies.ts'
import type { FileReplies } from '../../../data/file-steps/file-replies.ts'
import { postgresBatches } from '../../../db/batches.ts'
import { openTestDatabase } from '../../db/world.ts'
import { MemoryReplies } from '../memory-replies.ts'
import { MemoryBatches } from './memory-batches.ts'
import { sharedStoreContract, storeContract } from './store-contract.ts'

describe('batches in Postgres', () => {
  let world: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    world = await openTestDatabase()
  })
  afterAll(() => world.close())
  const open = () => Promise.resolve(postgresBatches(world.db, null))
  storeContract(open)
  sharedStoreContract(open)
})

describe('batches in a log', () => {
  let folder: string
  let opened: { replies: FileReplies; batches: FileBatches } | undefined
  const close = async () => {
    await opened?.batches.close()
    await opened?.replies.close()
    opened = undefined
  }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hone-batches-'))
  })
  afterEach(async () => {
    await close()
    rmSync(folder, { recursive: true })
  })
  storeContract(async () => {
    await close()
    const replies = await openFileReplies(join(folder, 'replies.jsonl'), 'run')
    const batches = await openFileBatches(join(folder, 'batches.jsonl'), replies)
    opened = { replies, batches }
    return batches
  })
})

describe('batches in memory, the fake of the other tests', () => {
  const replies = new MemoryReplies()
  const batches = new MemoryBatches(replies)
  storeContract(() => Promise.resolve(batches))
  sharedStoreContract(() => Promise.resolve(batches))
})

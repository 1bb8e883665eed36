import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFingerprints } from '../../activities/fingerprints.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { examineImage } from '../../data/pictures/examine.ts'
import { readFingerprints } from '../../db/fingerprints.ts'
import { images } from '../../db/schema/rows.ts'
import { png } from '../data/pictures.ts'
import { openTestDatabase } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let home: string
let store: ArtifactStore
beforeAll(async () => {
  world = await openTestDatabase()
  home = await mkdtemp(join(tmpdir(), 'hone-fingerprints-'))
  store = await openArtifactStore(home)
})
afterAll(async () => {
  await world.close()
  await rm(home, { recursive: true })
})

const row = { width: 40, height: 20, bytes: 1, mediaType: 'image/png' }

it('reads fingerprints, makes missing fingerprints from pictures of the store, and keeps them', async () => {
  const { db } = world
  const old = await png(40, 20)
  const { hash } = await store.putImage(old)
  const { fingerprint } = await examineImage(old)
  const whole = { phash: '0123456789abcdef', dhash: 'f'.repeat(16), pixels: 'p'.repeat(64), spread: 12.5 }
  const { hash: broken } = await store.putImage(Buffer.from('no picture'))
  const [fresh, gone, never] = ['b', 'c', 'd'].map((mark) => mark.repeat(64))
  await db.insert(images).values([
    { ...row, hash },
    { ...row, hash: broken },
    { ...row, hash: gone! },
    { ...row, hash: fresh!, ...whole },
  ])
  const all = [hash, broken, fresh!, gone!, never!]
  const expected = new Map([
    [hash, fingerprint],
    [fresh, whole],
  ])
  const fingerprintsOf = createFingerprints({ db, store })
  expect(await fingerprintsOf(all)).toEqual(expected)
  expect(await readFingerprints(db, all)).toEqual(new Map([...expected, [broken, null], [gone, null]]))
  // A second worker finds the first worker's fingerprints in Postgres. This worker remembers them.
  await rm(store.imagePath(hash), { force: true })
  expect(await createFingerprints({ db, store })(all)).toEqual(expected)
  await db.execute(sql`update images set phash = null where hash = ${hash}`)
  expect(await fingerprintsOf([hash])).toEqual(new Map([[hash, fingerprint]]))
  expect(await fingerprintsOf([])).toEqual(new Map())
})

it('answers many callers at once', async () => {
  const { db } = world
  const hashes = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => (await store.putImage(await png(8 + index, 8))).hash),
  )
  await db.insert(images).values(hashes.map((hash) => ({ ...row, hash })))
  const fingerprintsOf = createFingerprints({ db, store })
  const answers = await Promise.all(hashes.map((hash) => fingerprintsOf([hash, hashes[0]!])))
  answers.forEach((answer, index) => expect(new Set(answer.keys())).toEqual(new Set([hashes[index], hashes[0]])))
})

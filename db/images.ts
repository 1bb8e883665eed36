import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Fingerprint } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { rowsOf, textArray } from './sql.ts'
import { storableJsonText } from './storable.ts'

/** A picture as the artifact store keeps it. */
export interface ImageRecord {
  /** SHA-256 of the stored bytes. */
  hash: string
  width: number
  height: number
  bytes: number
  mediaType: string
  fingerprint?: Fingerprint | null
}

/**
 * Records pictures; a picture that is there stays as it is. In the order of their hashes, so that
 * two imports that share pictures cannot block each other for good.
 */
export async function keepImages(db: Database, images: readonly ImageRecord[]): Promise<void> {
  const pictures = new Map(images.map((image) => [image.hash, imageRow(image)]))
  const inOrder = [...pictures.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1))
  if (inOrder.length === 0) return
  await db.execute(sql`
    insert into images (hash, width, height, bytes, media_type, phash, dhash, pixels, spread)
    select hash, width, height, bytes, "mediaType", phash, dhash, pixels, spread
    from json_to_recordset(${storableJsonText(inOrder)}::json) as given(hash text, width int, height int, bytes int,
      "mediaType" text, phash text, dhash text, pixels text, spread float8)
    on conflict do nothing`)
}

const imageRow = ({ fingerprint, ...image }: ImageRecord) => ({ ...image, ...fingerprint })

/** Which of these hashes the database has no picture of. */
export async function unrecordedImages(db: Database, hashes: readonly string[]): Promise<string[]> {
  const found = await rowsOf(
    db,
    z.object({ hash: z.string() }),
    sql`select given.hash from unnest(${textArray([...hashes])}) as given(hash)
        where not exists (select from images i where i.hash = given.hash)`,
  )
  return found.map(({ hash }) => hash)
}

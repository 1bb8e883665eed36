import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'

const shortHash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/**
 * Id of an output row: 22 characters (132 bits) of a hash over its dataset, the row it was made
 * from and its place among the rows made from it. A retry that does the work again writes the same
 * id, so it cannot write a row twice.
 */
export const rowId = (datasetId: string, parentId: string, outIndex: number): string =>
  shortHash(`row\n${datasetId}\n${parentId}\n${outIndex}`)

/** The {@link rowId} of the first output of `parentId` (a column), as PostgreSQL computes it. */
export const firstOutputId = (datasetId: string, parentId: SQL): SQL =>
  sql`left(translate(encode(sha256(convert_to(
    'row' || chr(10) || ${datasetId}::text || chr(10) || ${parentId} || chr(10) || '0', 'UTF8'
  )), 'base64'), '+/', '-_'), 22)`

/** Id of a source row: a hash over its dataset and the id in the source's file. */
export const sourceRowId = (datasetId: string, sourceId: string): string =>
  shortHash(`source\n${datasetId}\n${sourceId}`)

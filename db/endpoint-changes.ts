import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { endpointChanges } from '../domain/recipe/endpoint-changes.ts'
import type { EndpointChanges } from '../domain/recipe/endpoint-changes.ts'
import type { Database } from './database.ts'
import { rowsOf } from './sql.ts'

/** Changes of endpoints that persons made while the campaign went on, in their order. */
export async function endpointChangesOf(db: Database, campaign: string): Promise<EndpointChanges[]> {
  const found = await rowsOf(
    db,
    z.object({ endpoints: endpointChanges }),
    sql`
      select data->'endpoints' as endpoints from events
      where campaign_id = ${campaign} and kind = 'resumed' and data->'endpoints' is not null
      order by id`,
  )
  return found.map(({ endpoints }) => endpoints)
}

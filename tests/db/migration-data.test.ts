import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { migrate } from '../../db/database.ts'
import { findReplies } from '../../db/replies.ts'
import { freshDatabase } from '../world/postgres.ts'

const migrations = fileURLToPath(new URL('../../db/migrations', import.meta.url))
const journal = z.looseObject({ entries: z.array(z.looseObject({ idx: z.number() })) })

/** The migrations before number `end`, which an older version had. */
function olderMigrations(end: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'hone-migrations-'))
  cpSync(migrations, folder, { recursive: true })
  const path = join(folder, 'meta', '_journal.json')
  const all = journal.parse(JSON.parse(readFileSync(path, 'utf8')))
  writeFileSync(path, JSON.stringify({ ...all, entries: all.entries.filter(({ idx }) => idx < end) }))
  return folder
}

let client: Client
beforeAll(async () => {
  const { url } = await freshDatabase()
  client = new Client({ connectionString: url })
  await client.connect()
  const folder = olderMigrations(6)
  await applyMigrations(drizzle(client), { migrationsFolder: folder })
  rmSync(folder, { recursive: true })
  await client.query(`
    insert into datasets (id, name) values ('d', 'd'), ('e', 'e');
    insert into rows (id, dataset_id, origin_row_id, status, question, kind)
      select 's' || n, 'd', 's' || n, 'kept', 'q', 'text' from generate_series(1, 50) n;
    insert into rows (id, dataset_id, parent_row_id, origin_row_id, status, question, kind)
      select 'c' || n, 'e', 's' || n, 's' || n, 'kept', 'q', 'text' from generate_series(1, 50) n;
    insert into images (hash, width, height, bytes, media_type) values ('i', 1, 1, 1, 'image/png');
    insert into row_images (row_id, ordinal, image_hash) values ('s1', 0, 'i');
    insert into jobs (id, kind, backend, launcher, spec_hash, spec)
      select kind, kind, 'trl', 'local', 'h', '{}' from unnest(array['sft', 'grpo', 'serve']) kind;
    insert into requests (key, endpoint, model, request, reply, finish_reason, prompt_tokens, completion_tokens,
      latency_ms, attempts) values ('k', 'teacher', 'big', '{}', 'three', 'stop', 7, 2, 10, 1)`)
  await migrate(url)
})
afterAll(() => client.end())

it('keeps the rows of an older version, and knows which origins are other rows', async () => {
  const { rows } = await client.query(`
    select count(*)::int as rows, count(*) filter (where other_origin_row_id is null and id = origin_row_id)::int as own,
      count(*) filter (where other_origin_row_id = origin_row_id and id <> origin_row_id)::int as other from rows`)
  expect(rows).toEqual([{ rows: 100, own: 50, other: 50 }])
})

it('renames the jobs of an rl step from grpo, the older name, to rl', async () => {
  const { rows } = await client.query('select id, kind from jobs order by id')
  expect(rows).toEqual([
    { id: 'grpo', kind: 'rl' },
    { id: 'serve', kind: 'serve' },
    { id: 'sft', kind: 'sft' },
  ])
})

it('finds the replies of an older version, which say neither who answered nor that tokens are estimates', async () => {
  const found = await findReplies(drizzle(client), ['k'])
  expect(found.get('k')).toMatchObject({ text: 'three', servedModel: null, isEstimated: false })
})

it('still refuses rows without their parent or origin, and deleting a row that others come from', async () => {
  const row = (parent: string, origin: string) => `
    insert into rows (id, dataset_id, parent_row_id, origin_row_id, status, question, kind)
    values ('new', 'e', ${parent}, '${origin}', 'kept', 'q', 'text')`
  await expect(client.query(row(`'nobody'`, 's1'))).rejects.toMatchObject({ code: '23503' })
  await expect(client.query(row(`'s1'`, 'nobody'))).rejects.toMatchObject({ code: '23503' })
  await expect(client.query(`delete from rows where id = 's2'`)).rejects.toMatchObject({ code: '23503' })
  await expect(client.query(`delete from images`)).rejects.toMatchObject({ code: '23503' })
  await client.query(row('null', 'new'))
})

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { migrate } from '../../db/database.ts'
import { rlSettings, sftSettings, stageHash } from '../../trainers/stage.ts'
import { freshDatabase } from '../world/postgres.ts'
import { loadDatabase } from './database-text.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.tar.gz`, import.meta.url))

// The specification of then named weights by path and hash.
const weights = z.union([z.string(), z.object({ hash: z.string() }).transform(({ hash }) => hash)])
const every = {
  key: z.string(),
  startFrom: weights,
  base: weights,
  rowsHash: z.string(),
  seed: z.number(),
  options: z.record(z.string(), z.json()).default({}),
  resources: z.object({}).default({}),
}
const reward = z.object({ name: z.string(), onFailure: z.enum(['abstain', 'zero']) })
const stage = z.discriminatedUnion('kind', [
  z.object({ ...every, kind: z.literal('sft'), settings: sftSettings }),
  z.object({ ...every, kind: z.literal('rl'), settings: rlSettings, reward }),
])
const job = z.object({ kind: z.enum(['sft', 'rl']), spec: z.record(z.string(), z.unknown()), hash: z.string() })

it.each(['finished', 'interrupted-in-rl', 'killed-in-sft'])(
  'the trainings of an old home (%s) keep their hashes under the word of today',
  async (name) => {
    const dump = execFileSync('tar', ['xzOf', fixture(name), 'database.copy'], { encoding: 'utf8' })
    const { url } = await freshDatabase()
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      const applied = /^copy drizzle\.__drizzle_migrations .*\n((?:\d.*\n)*)/m.exec(dump)?.[1] ?? ''
      await loadDatabase(client, dump, applied.trimEnd().split('\n').length)
      await migrate(url)
      const { rows } = await client.query(
        `select kind, spec, spec_hash as hash from jobs where kind not in ('serve', 'verify', 'finalize') order by id`,
      )
      const jobs = z.array(job).min(1).parse(rows)
      for (const { kind, spec, hash } of jobs) expect(stageHash('trl', stage.parse({ ...spec, kind }))).toBe(hash)
      expect(jobs.map(({ kind }) => kind)).toContain('rl')
    } finally {
      await client.end()
    }
  },
)

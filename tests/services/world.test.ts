import { Client } from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../world/postgres.ts'

test('a test file gets an empty database of its own', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
  expect(one.url).not.toBe(two.url)
  const client = new Client({ connectionString: one.url })
  await client.connect()
  await client.query('CREATE TABLE t (x int)')
  expect((await client.query('SELECT * FROM t')).rows).toEqual([])
  await client.end()
  await one.drop()
  await two.drop()
})

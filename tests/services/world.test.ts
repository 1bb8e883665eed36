import { Client as TemporalClient, Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { freshDatabase } from '../world/postgres.ts'
import { freshNamespace } from '../world/temporal.ts'

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

test('a test file gets a namespace of its own with the search attributes', async () => {
  const [one, two] = await Promise.all([freshNamespace(), freshNamespace()])
  expect(one.namespace).not.toBe(two.namespace)
  const connection = await Connection.connect({ address: one.address })
  const client = new TemporalClient({ connection, namespace: one.namespace })
  const handle = await client.workflow.start('nothing', {
    workflowId: 'campaign/x',
    taskQueue: 'nobody',
    typedSearchAttributes: [{ key: defineSearchAttributeKey('Round', 'INT'), value: 3 }],
  })
  expect((await handle.describe()).status.name).toBe('RUNNING')
  const other = new TemporalClient({ connection, namespace: two.namespace })
  await expect(other.workflow.getHandle('campaign/x').describe()).rejects.toThrow('not found')
  await handle.terminate()
  await connection.close()
})

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { expect, onTestFinished, test } from 'vitest'
import { groupMembers, identify } from '../../services/identity.ts'
import { findService } from '../../services/processes.ts'
import { bringUpTemporal, findTemporal } from '../../services/temporal.ts'
import type { Temporal, TemporalOptions } from '../../services/temporal.ts'
import { temporaryHome } from '../world/home.ts'

const env = {
  ...process.env,
  TEMPORAL_ADDRESS: undefined,
  TEMPORAL_PROFILE: undefined,
  TEMPORAL_CONFIG_FILE: undefined,
}

async function bringUp(home: string, more: Partial<TemporalOptions> = {}): Promise<Temporal> {
  const temporal = await bringUpTemporal({ home, env, ...more })
  onTestFinished(() => temporal.stop())
  return temporal
}

async function withClient<T>({ address, namespace }: Temporal, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address })
  try {
    return await work(new Client({ connection, namespace }))
  } finally {
    await connection.close()
  }
}

test('a workflow survives kill -9 of the server, and leftovers are adopted, or stopped if they have no record', async () => {
  const home = temporaryHome()
  const first = await bringUp(home)
  expect((await fetch(first.uiUrl ?? '')).status).toBe(200)
  await withClient(first, (client) => client.workflow.start('x', { workflowId: 'campaign/x', taskQueue: 'q' }))
  const adopted = await bringUp(home)
  expect(adopted).toMatchObject({ found: true, address: first.address, uiUrl: first.uiUrl })
  const pid = findService(home, 'temporal')?.identity.pid ?? 0
  process.kill(pid, 'SIGKILL')
  const second = await bringUp(home)
  expect(second).toMatchObject({ found: false, address: first.address })
  const status = await withClient(
    second,
    async (client) => (await client.workflow.getHandle('campaign/x').describe()).status,
  )
  expect(status.name).toBe('RUNNING')
  const unrecorded = findService(home, 'temporal')?.identity.pid ?? 0
  rmSync(join(home, 'services', 'temporal.json'))
  const third = await bringUp(home)
  expect(identify(unrecorded)).toBeNull()
  expect(findTemporal(home, env)).toMatchObject({ address: third.address })
  const last = findService(home, 'temporal')?.identity.pid ?? 0
  await third.stop()
  expect(groupMembers(last)).toEqual([])
  expect(findTemporal(home, env)).toBeNull()
})

test('a TEMPORAL_ADDRESS that does not answer is an error with the address', async () => {
  const failure = bringUpTemporal({ home: temporaryHome(), env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } })
  await expect(failure).rejects.toMatchObject({
    type: 'EndpointRefused',
    message: expect.stringContaining('Temporal at 127.0.0.1:1 does not answer for namespace default'),
  })
}, 20_000)

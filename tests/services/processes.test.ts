import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { groupMembers, identify } from '../../services/identity.ts'
import { adoptService, findService, runningServices, startService, stopService } from '../../services/processes.ts'
import type { Service, ServiceSpec } from '../../services/processes.ts'
import { temporaryHome } from '../world/home.ts'

async function start(home: string, script: string, more: Partial<ServiceSpec> = {}): Promise<Service> {
  const service = await startService({
    home,
    name: 'thing',
    command: 'sh',
    args: ['-c', script],
    ready: async () => existsSync(join(home, 'ready')),
    env: { HOME_UNDER_TEST: home },
    deadlineSeconds: 5,
    ...more,
  })
  onTestFinished(() => service.stop())
  return service
}

test('a service is found while it runs and gone after its stop', async () => {
  const home = temporaryHome()
  const service = await start(home, 'echo hello; touch $HOME_UNDER_TEST/ready; sleep 60', { details: { port: 5 } })
  expect(findService(home, 'thing')).toMatchObject({
    identity: { pid: service.record.identity.pid },
    details: { port: 5 },
  })
  expect(runningServices(home)).toHaveLength(1)
  await service.stop()
  expect(groupMembers(service.record.identity.pid)).toEqual([])
  expect(findService(home, 'thing')).toBeNull()
  expect(readFileSync(service.logFile, 'utf8')).toContain('hello')
  await service.stop()
})

test('a stop returns only after children that ignore the signal are gone too', async () => {
  const home = temporaryHome()
  const script = `trap '' TERM; sh -c 'trap "" TERM; sleep 60' & touch $HOME_UNDER_TEST/ready; wait; sleep 60`
  const service = await start(home, script, { graceSeconds: 0.3 })
  expect(groupMembers(service.record.identity.pid).length).toBeGreaterThanOrEqual(2)
  await service.stop()
  expect(groupMembers(service.record.identity.pid)).toEqual([])
})

test('children whose leader died are still found and stopped', async () => {
  const home = temporaryHome()
  const service = await start(home, 'sleep 60 & touch $HOME_UNDER_TEST/ready; wait')
  process.kill(service.record.identity.pid, 'SIGKILL')
  await expect.poll(() => identify(service.record.identity.pid)).toBeNull()
  const record = findService(home, 'thing')
  expect(record).not.toBeNull()
  if (record) await stopService(home, record)
  expect(groupMembers(service.record.identity.pid)).toEqual([])
})

test('a service that ends or never gets ready fails with its last log lines and leaves no process', async () => {
  const home = temporaryHome()
  await expect(start(home, 'echo the reason >&2; exit 3')).rejects.toThrow(
    /thing did not start: ended with exit code 3[^]*the reason/,
  )
  await expect(start(home, 'echo waiting; sleep 60', { deadlineSeconds: 0.4 })).rejects.toThrow(
    /not ready after 0.4 s[^]*waiting/,
  )
  await expect(start(home, '', { command: '/does/not/exist' })).rejects.toThrow(/ENOENT/)
  expect(runningServices(home)).toEqual([])
})

test('a process that now has the pid of a record is never signalled', async () => {
  const home = temporaryHome()
  const service = await start(home, 'touch $HOME_UNDER_TEST/ready; sleep 60')
  const { record } = service
  const stranger = { ...record, name: 'other', identity: { ...record.identity, startTime: '1' } }
  await stopService(home, stranger)
  await stopService(home, { ...stranger, identity: { ...record.identity, bootId: 'an earlier boot' } })
  expect(identify(record.identity.pid)).toEqual(record.identity)
})

test('a service of a killed owner is found and adopted', async () => {
  const home = temporaryHome()
  const module = fileURLToPath(new URL('../../services/processes.ts', import.meta.url))
  writeFileSync(
    join(home, 'owner.mts'),
    `import { startService } from ${JSON.stringify(module)}
     await startService({ home: ${JSON.stringify(home)}, name: 'thing', command: 'sleep', args: ['60'], ready: async () => true, deadlineSeconds: 5 })
     process.kill(process.pid, 'SIGKILL')`,
  )
  const owner = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(home, 'owner.mts')], {
    stdio: 'inherit',
  })
  await new Promise((resolve) => owner.once('close', resolve))
  const left = runningServices(home)
  expect(left.map(({ name }) => name)).toEqual(['thing'])
  for (const record of left) await adoptService(home, record).stop()
  expect(runningServices(home)).toEqual([])
})

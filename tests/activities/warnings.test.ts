import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { expect, it } from 'vitest'
import { activityWarnings } from '../../activities/warnings.ts'

it('logs each warning once in the life of a worker, whatever shard has it', async () => {
  const lines: string[] = []
  const logger = new DefaultLogger('WARN', ({ message }) => lines.push(message))
  const shard = () =>
    new MockActivityEnvironment({}, { logger }).run(() => {
      const warn = activityWarnings()
      warn('another model answered')
      warn('a server was taken out')
      return Promise.resolve()
    })
  await shard()
  await shard()
  expect(lines).toEqual(['another model answered', 'a server was taken out'])
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WorkflowNotFoundError } from '@temporalio/client'
import { setCampaignStatus } from '../../db/campaigns.ts'
import { HoneError } from '../../domain/errors.ts'
import { openTestDatabase } from '../db/world.ts'
import { fillCampaign } from './campaign.ts'
import { FakeCampaignClient, hone as call } from './terminal.ts'
import type { Ran } from './terminal.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let client: FakeCampaignClient
beforeAll(async () => {
  world = await openTestDatabase()
  await fillCampaign(world.db, 'demo')
})
afterAll(() => world.close())
beforeEach(() => (client = new FakeCampaignClient()))

const hone = (argv: string[], typed?: string): Promise<Ran> =>
  call(argv, {
    env: { DATABASE_URL: world.url, TEMPORAL_ADDRESS: 'fake:7233' },
    client,
    ...(typed === undefined ? {} : { typed }),
  })

describe('pause and resume', () => {
  it('send user and reason, and close the connection', async () => {
    expect(await hone(['pause', '--reason', 'disk', '--who', 'ada'])).toEqual({
      out: 'demo is paused.\n',
      err: '',
      code: 0,
    })
    expect(await hone(['resume', 'demo', '--who', 'bob', '--json'])).toMatchObject({ code: 0 })
    expect(client.sent).toEqual([
      { pause: 'demo', who: 'ada', why: 'disk' },
      { resume: 'demo', who: 'bob', why: null },
    ])
    expect(client.closed).toBe(2)
  })

  it('send nothing for an unknown campaign', async () => {
    expect((await hone(['resume', 'nobody'])).code).toBe(2)
    expect(client.sent).toEqual([])
  })

  it('say that the campaign cannot be paused', async () => {
    await setCampaignStatus(world.db, 'demo', 'finished')
    const { code, err } = await hone(['pause'])
    await setCampaignStatus(world.db, 'demo', 'running')
    expect(code).toBe(2)
    expect(err).toContain('Campaign "demo" is finished: there is nothing to pause.')
    expect(client.sent).toEqual([])
  })

  it('say that the workflow is gone', async () => {
    client.refusal = new WorkflowNotFoundError('not found', 'campaign/demo', undefined)
    const { code, err } = await hone(['pause'])
    expect(code).toBe(2)
    expect(err).toContain('Campaign "demo" is not under way.\n  → ')
    expect(client.closed).toBe(1)
  })

  it('print a refusal in the campaign’s words, also as JSON', async () => {
    client.refusal = new HoneError({ type: 'InvalidInput', message: 'not now', nextStep: 'later' })
    expect(await hone(['resume'])).toMatchObject({ code: 2, err: 'not now\n  → later\n' })
    expect(JSON.parse((await hone(['resume', '--json'])).out)).toEqual({
      error: { type: 'InvalidInput', message: 'not now', nextStep: 'later' },
    })
  })

  it('show one line of an unexpected error, and the stack only with HONE_DEBUG', async () => {
    client.refusal = new Error('boom\nsecond line')
    const plain = await hone(['resume'])
    expect(plain).toMatchObject({ code: 1, err: 'boom\n  → HONE_DEBUG=1 shows where it happened\n' })
    const env = { DATABASE_URL: world.url, TEMPORAL_ADDRESS: 'fake:7233', HONE_DEBUG: '1' }
    expect((await call(['resume'], { env, client })).err).toContain('steer.test.ts')
  })
})

describe('rollback', () => {
  const rollback = ['rollback', 'demo', '--to', '0', '--reason', 'again', '--who', 'ada']

  it('says what it will do, and does it without a question if there is no terminal', async () => {
    const { out, code } = await hone(rollback)
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      'The head of demo moves from round 1 to round 0.',
      '  on the line of the head: 0',
      '  left behind, all kept: 1, 2',
      '  cancelled: round 3, which runs sft',
      '  the next round is 4, with parent 0',
      'Done: the head of demo moved from round 2 to round 0.',
      '',
    ])
    expect(client.sent).toEqual([{ rollback: 'demo', who: 'ada', why: 'again', to: 0 }])
  })

  it('asks on a terminal and changes nothing unless the answer is yes', async () => {
    expect(await hone(rollback, 'n\n')).toMatchObject({ code: 1, out: expect.stringContaining('Nothing was changed.') })
    expect(await hone(rollback, '')).toMatchObject({ code: 1 })
    expect(client.sent).toEqual([])
    expect((await hone(rollback, 'y\n')).code).toBe(0)
    expect((await hone([...rollback, '--yes'], '')).code).toBe(0)
    expect(client.sent).toHaveLength(2)
  })

  it('ends with 130 on Ctrl-C at the question', async () => {
    expect((await hone(rollback, '\x03')).code).toBe(130)
    expect(client.sent).toEqual([])
  })

  it('refuses unknown and failed rounds before it sends anything', async () => {
    expect(await hone(['rollback', '--to', '9', '--reason', 'r'])).toMatchObject({ code: 2 })
    const { code, err } = await hone(['rollback', '--to', '3', '--reason', 'r'])
    expect(code).toBe(2)
    expect(err).toContain('round 3 of demo is running: only a round that ended well can be the head')
    expect((await hone(['rollback', '--to', '1', '--reason', ' '])).code).toBe(2)
    expect(client.sent).toEqual([])
  })

  it('prints the result as JSON and nothing else', async () => {
    expect(JSON.parse((await hone([...rollback, '--json'])).out)).toEqual({ campaign: 'demo', from: 2, to: 0 })
  })
})

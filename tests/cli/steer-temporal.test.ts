import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestDatabase } from '../db/world.ts'
import { FakeHone } from '../workflows/fake-hone.ts'
import { setStage, until } from '../workflows/stage.ts'
import type { Stage } from '../workflows/stage.ts'
import { fillCampaign } from './campaign.ts'
import { hone as call } from './terminal.ts'
import type { Ran } from './terminal.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let stage: Stage
beforeAll(async () => {
  ;[world, stage] = await Promise.all([openTestDatabase(), setStage()])
  await fillCampaign(world.db, 'demo')
})
afterAll(async () => {
  await stage.close()
  await world.close()
})

const hone = (...argv: string[]): Promise<Ran> =>
  call(argv, { env: { DATABASE_URL: world.url, TEMPORAL_ADDRESS: 'stage' }, client: stage.campaigns })

it('steers a real workflow: pause, resume, rollback, and a refusal in the workflow’s words', async () => {
  expect(await hone('pause')).toMatchObject({ code: 2, err: expect.stringContaining('"demo" is not under way') })
  const fake = new FakeHone(1)
  fake.held.add('sft 1')
  await stage.work(fake, async () => {
    await stage.campaigns.start('demo')
    await until('round 1 trains', () => fake.training.has('sft 1'))
    expect(await hone('pause', '--reason', 'lunch')).toEqual({ out: 'demo is paused.\n', err: '', code: 0 })
    expect(fake.status).toBe('paused')
    expect((await hone('resume')).out).toBe('demo is running.\n')
    // Postgres, which the command reads, has a closed round 2. The workflow knows no round 2.
    const refused = await hone('rollback', '--to', '2', '--reason', 'try')
    expect(refused).toMatchObject({
      code: 2,
      err: 'campaign "demo" has no round 2\n  → choose a closed round; see: hone rounds demo\n',
    })
    const { out, code } = await hone('rollback', '--to', '0', '--reason', 'again', '--who', 'ada')
    expect(code).toBe(0)
    expect(out).toContain('Done: the head of demo moved from round 0 to round 0.')
    expect(fake.training.has('sft 1')).toBe(false)
    await until('the campaign ends', async () => !(await stage.isRunning('demo')), 60)
    expect(await hone('pause')).toMatchObject({ code: 2, err: expect.stringContaining('"demo" is not under way') })
  })
})

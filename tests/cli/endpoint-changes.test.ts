import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordCommand } from '../../activities/campaign-io.ts'
import { recipeOf } from '../../activities/recipes.ts'
import { insertRecipe } from '../activities/campaign.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeCampaignClient, hone as call } from './terminal.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
const client = new FakeCampaignClient()
beforeAll(async () => {
  world = await openTestDatabase()
  await insertRecipe(world.db, 'mine', {
    steps: ['{ step: describe, from: seed, endpoint: teacher }'],
    more: [
      "endpoints: { teacher: { url: 'http://a/v1', model: big, apiKeyFile: /run/key }, own: { checkpoint: base }, hub: { provider: openai, model: small } }",
    ],
  })
})
afterAll(() => world.close())

const resume = (...words: string[]) =>
  call(['resume', 'mine', '--who', 'ada', ...words], {
    env: { DATABASE_URL: world.url, TEMPORAL_ADDRESS: 'fake:7233' },
    client,
  })

describe('hone resume with other servers or keys', () => {
  it('sends them by the name of their endpoint', async () => {
    const moved = ['--endpoint', 'teacher=http://b/v1', '--endpoint', 'teacher=http://c/v1']
    expect(await resume(...moved, '--api-key-env', 'hub=OTHER_KEY')).toMatchObject({ code: 0 })
    const endpoints = { teacher: { url: ['http://b/v1', 'http://c/v1'] }, hub: { apiKeyEnv: 'OTHER_KEY' } }
    expect(client.sent).toEqual([{ resume: 'mine', who: 'ada', why: null, endpoints }])
  })

  it.each([
    [['--endpoint', 'techer=http://b/v1'], 'no endpoint "techer" with a URL', 'Did you mean "teacher"?'],
    [['--endpoint', 'own=http://b/v1'], 'no endpoint "own" with a URL', 'It has: hub, teacher.'],
    [['--endpoint', 'http://b/v1'], '--endpoint names no endpoint', 'Write --endpoint NAME=URL.'],
    [['--endpoint', 'teacher=http://me:secret@b/v1'], 'holds a user name or a password', '--endpoint teacher=URL'],
    [['--api-key-env', 'teacher=sk-secret'], 'never the key itself', '--api-key-env teacher=VARIABLE'],
  ])('refuses %j, and repeats no secret', async (words, wrong, next) => {
    const sent = client.sent.length
    const { code, err } = await resume(...words)
    expect(code).toBe(2)
    expect(err).toContain(wrong)
    expect(err).toContain(next)
    expect(err).not.toContain('secret')
    expect(client.sent).toHaveLength(sent)
  })

  it('changes the recipe that activities read, the latest change of a field last', async () => {
    const { db } = world
    const record = (endpoints: Parameters<typeof recordCommand>[1]['endpoints'], id: number) =>
      recordCommand(db, {
        campaign: 'mine',
        kind: 'resumed',
        who: 'ada',
        why: null,
        dedupeKey: `m${id}`,
        ...(endpoints && { endpoints }),
      })
    const before = await recipeOf(db, 'mine')
    await record({ teacher: { url: ['http://b/v1'], apiKeyEnv: 'KEY_B' } }, 1)
    await record(undefined, 2)
    await record({ teacher: { url: ['http://c/v1'] }, gone: { url: ['http://d/v1'] } }, 3)
    const { endpoints, ...rest } = await recipeOf(db, 'mine')
    const { apiKeyFile: _, ...teacher } = before.endpoints['teacher'] as Record<string, unknown>
    expect({ ...rest, endpoints }).toEqual({
      ...before,
      endpoints: { ...before.endpoints, teacher: { ...teacher, url: ['http://c/v1'], apiKeyEnv: 'KEY_B' } },
    })
  })
})

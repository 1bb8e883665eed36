import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCampaign } from '../../db/campaigns.ts'
import { listSources } from '../../db/datasets.ts'
import { listEvents } from '../../db/events.ts'
import { sampleRows } from '../../db/rows.ts'
import { freePort } from '../../services/ports.ts'
import { hone } from '../cli/terminal.ts'
import type { Ran } from '../cli/terminal.ts'
import { png, pngHeader } from '../data/pictures.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeTeacher } from './fake-teacher.ts'
import { line, recipeText, start, startingClient, workFolder, writeSource } from './world.ts'
import type { RecipeParts, StartingClient } from './world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let teacher: FakeTeacher
let folder: string
let client: StartingClient

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  teacher = await new FakeTeacher().start()
  folder = await workFolder()
  client = startingClient()
  await writeSource(folder, [line('a'), line('b')])
})
afterEach(() => teacher.stop())

const begin = (text: string, env: Record<string, string> = {}): Promise<Ran> =>
  start(folder, text, { client, env: { DATABASE_URL: database.url, ...env } })
const recipe = (parts: RecipeParts = {}): string => recipeText({ url: teacher.url, ...parts })

/** Expects that a refusal left no campaign and started no workflow. */
async function expectNothingStarted(campaign = 'mine'): Promise<void> {
  expect(await findCampaign(database.db, campaign)).toBeNull()
  expect(client.started).toEqual([])
}

describe('a recipe', () => {
  it('with a misspelt key is refused with the place and the right key', async () => {
    const { code, err } = await begin(recipe().replace('learningRate', 'learnigRate'))
    expect(code).toBe(2)
    expect(err).toMatch(/rounds\.first\[1\]\.learnigRate \(line 12, column \d+\): unknown key "learnigRate"/)
    expect(err).toContain('did you mean "learningRate"?')
    expect(err).toMatch(/→ mend .*recipe\.yaml and run the command again; nothing was started/)
    await expectNothingStarted()
  })

  it('with an unknown step is refused with the names of all steps', async () => {
    const { code, err } = await begin(recipe({ step: 'step: paint' }))
    expect(code).toBe(2)
    expect(err).toContain('unknown step "paint"')
    expect(err).toContain('use one of describe, ')
    await expectNothingStarted()
  })

  it('that is missing, or is a folder, is refused with the reason', async () => {
    for (const file of ['nothing.yaml', 'data']) {
      const { code, err } = await hone(['start', join(folder, file)], { env: { DATABASE_URL: database.url } })
      expect(code).toBe(2)
      expect(err).toMatch(/^cannot read the recipe .*\n {2}→ name an existing YAML file/)
    }
  })

  it('whose base model is missing is refused with the folder', async () => {
    const { code, err } = await begin(recipe({ baseModel: './modell' }))
    expect(code).toBe(2)
    expect(err).toContain(`there is no folder ${join(folder, 'modell')}`)
    await expectNothingStarted()
  })

  it('of the demo is refused when no demo runs', async () => {
    const { code, err } = await begin(recipe({ url: 'demo:teacher' }))
    expect(code).toBe(1)
    expect(err).toMatch(/is the demo teacher, which does not run here\n {2}→ run `hone demo`/)
    await expectNothingStarted()
  })
})

describe('an endpoint', () => {
  it('that does not answer is refused with URL, reason and fix', async () => {
    const port = await freePort()
    for (const host of ['127.0.0.1', 'localhost']) {
      const { code, err } = await begin(recipe({ url: `http://${host}:${port}/v1` }))
      expect(code).toBe(1)
      expect(err).toMatch(
        new RegExp(`endpoint "teacher": nobody answers at http://${host}:${port}/v1 \\(.*ECONNREFUSED.*\\)`),
      )
      expect(err).toContain('→ start the server, or correct endpoints.teacher.url')
    }
    await expectNothingStarted()
  })

  it('whose key variable is not set is refused with the variable', async () => {
    const parts = { endpoint: ', apiKeyEnv: MY_API_KEY' }
    for (const env of [{}, { MY_API_KEY: '  ' }]) {
      const { code, err } = await begin(recipe(parts), env)
      expect(code).toBe(1)
      expect(err).toContain('endpoint "teacher" needs its key, but the environment variable MY_API_KEY is not set')
      expect(err).toContain('→ export MY_API_KEY=… here and where the worker runs')
    }
    expect(teacher.asked).toBe(0)
    await expectNothingStarted()
  })

  it('that refuses the key names the variable and never the key', async () => {
    teacher.all = { status: 401, body: '{"error":{"message":"sk-secret is no key of ours"}}' }
    const { code, err, out } = await begin(recipe({ endpoint: ', apiKeyEnv: MY_API_KEY' }), { MY_API_KEY: 'sk-secret' })
    expect(code).toBe(1)
    expect(err).toMatch(/endpoint "teacher" .* HTTP 401: \S+ is no key of ours.*\n {2}→ check the key in MY_API_KEY/)
    expect(err + out).not.toContain('sk-secret')
    await expectNothingStarted()
  })

  it('whose URL holds a password is refused without repeating it', async () => {
    const { code, err } = await begin(recipe({ url: teacher.url.replace('://', '://me:pass-word@') }))
    expect(code).toBe(2)
    expect(err).toContain('its URL holds a user name or a password')
    expect(err).not.toContain('pass-word')
    await expectNothingStarted()
  })

  it('that serves another model is refused with the models that it serves', async () => {
    teacher.all = { status: 404, body: '{"error":{"message":"The model `fake-modell` does not exist."}}' }
    const { code, err } = await begin(recipe().replace('fake-model', 'fake-modell'))
    expect(code).toBe(1)
    expect(err).toMatch(/The model `fake-modell` does not exist.*\n {2}→ did you mean the model "fake-model"\?/)
    await expectNothingStarted()
  })

  it('with several servers is refused with the name of the server that is missing', async () => {
    const port = await freePort()
    const urls = (...all: string[]) => recipe().replace(`url: '${teacher.url}'`, `url: ['${all.join("', '")}']`)
    const missing = await begin(urls(teacher.url, `http://127.0.0.1:${port}/v1`))
    expect(missing.code).toBe(1)
    expect(missing.err).toContain(`endpoint "teacher": nobody answers at http://127.0.0.1:${port}/v1`)
    const twice = await begin(urls(teacher.url, `${teacher.url}/`))
    expect(twice.err).toContain('name every server once')
    await expectNothingStarted()
  })

  it('is not asked with --no-probe', async () => {
    teacher.all = { status: 401 }
    const flags = ['--no-probe']
    const { code } = await start(folder, recipe({ campaign: 'unasked' }), {
      client,
      env: { DATABASE_URL: database.url },
      flags,
    })
    expect({ code, asked: teacher.asked, started: client.started }).toEqual({ code: 0, asked: 0, started: ['unasked'] })
  })

  it('may end in a slash, and need not list its models', async () => {
    teacher.models = { status: 404, body: 'not found' }
    const { code } = await begin(recipe({ campaign: 'slash', url: `${teacher.url}/` }))
    expect({ code, asked: teacher.asked, started: client.started }).toEqual({ code: 0, asked: 1, started: ['slash'] })
  })
})

/** Lines that cannot be used, each with the reason. */
async function badLines(): Promise<unknown[]> {
  const whole = await png(200, 200)
  await writeFile(join(folder, 'data', 'cut.png'), whole.subarray(0, whole.length / 2))
  await writeFile(join(folder, 'data', 'huge.png'), pngHeader(10_000, 10_000))
  await writeFile(join(folder, 'data', 'words.png'), 'not a picture')
  return [
    line('none', { images: [] }),
    line('lost', { images: ['lost.png'] }),
    line('cut', { images: ['cut.png'] }),
    line('huge', { images: ['huge.png'] }),
    line('words', { images: ['words.png'] }),
  ]
}
const reasons = [
  /line 3: bad-line, images: /,
  /line 4: image-missing, .*lost\.png/,
  /line 5: image-broken, .*cut\.png: the picture cannot be decoded/,
  /line 6: image-too-large, .*huge\.png: the picture is 10000×10000 pixels; at most 50 megapixels/,
  /line 7: image-broken, .*words\.png/,
]

describe('a source', () => {
  it('with bad rows above the limit is refused with the line and reason of each', async () => {
    await writeSource(folder, [line('a'), line('b'), ...(await badLines())])
    const { code, err } = await begin(recipe())
    expect(code).toBe(2)
    expect(err).toContain('5 of 7 rows cannot be used; the limit is 5 %')
    for (const reason of reasons) expect(err).toMatch(reason)
    expect(err).toContain('no campaign was created')
    await expectNothingStarted()
  })

  it('that was corrected starts under the same name', async () => {
    await writeSource(folder, [line('a'), line('b', { images: ['late.png'] })])
    expect((await begin(recipe({ campaign: 'mended' }))).code).toBe(2)
    await writeFile(join(folder, 'data', 'late.png'), await png(30, 30))
    expect((await begin(recipe({ campaign: 'mended' }))).code).toBe(0)
    expect(client.started).toEqual(['mended'])
  })

  it('with bad rows within the limit starts, lists them, and keeps them as failed rows with their reasons', async () => {
    await writeSource(folder, [line('a'), line('b'), ...(await badLines())])
    const { code, out } = await begin(recipe({ campaign: 'some', limits: '{ failedRowsPercent: 80 }' }))
    expect(code).toBe(0)
    expect(out).toContain('5 rows cannot be used and are left out:')
    for (const reason of reasons) expect(out).toMatch(new RegExp(`seed ${reason.source}`))
    const [source] = await listSources(database.db, 'some')
    const failed = await sampleRows(database.db, source?.dataset.id ?? '', 10, 'failed')
    expect(failed.map(({ reason }) => String(reason)).sort((a, b) => a.localeCompare(b))).toEqual([
      'bad-line',
      'image-broken',
      'image-broken',
      'image-missing',
      'image-too-large',
    ])
    expect(source?.dataset.rowCount).toBe(2)
  })

  it('without a row, without a file, or missing is refused', async () => {
    await writeSource(folder, [''])
    expect((await begin(recipe())).err).toMatch(/source "seed" \(.*\) has no rows/)
    await mkdir(join(folder, 'empty'))
    expect((await begin(recipe({ source: './empty' }))).err).toContain('has no *.jsonl file')
    expect((await begin(recipe({ source: './nowhere' }))).err).toContain(`there is no ${join(folder, 'nowhere')}`)
    await expectNothingStarted()
  })
})

it('data that another home imported into this database brings its pictures into this home too', async () => {
  expect((await begin(recipe({ campaign: 'here' }))).code).toBe(0)
  const home = join(folder, 'other-home')
  expect((await begin(recipe({ campaign: 'there' }), { HONE_HOME: home })).code).toBe(0)
  const pictures = await readdir(join(home, 'artifacts', 'images'), { recursive: true })
  expect(pictures.filter((path) => path.length > 64)).toHaveLength(1)
})

it('lines without a question are rows of a source and bad lines of a benchmark, also when both name the same file', async () => {
  const silent = { id: 'b', images: ['good.png'], answer: 3 }
  await writeSource(folder, [line('a', { question: 'Which is red?' }), silent])
  const scored = (campaign: string) =>
    recipe({ campaign, limits: '{ failedRowsPercent: 50 }' }).replace(
      'rounds:',
      "benchmarks:\n  dev: { path: './data', role: dev }\nrounds:",
    )
  const counts = async (campaign: string) =>
    (await listSources(database.db, campaign)).map(({ role, dataset }) => [role, dataset.rowCount])
  const both = [
    ['benchmark', 1],
    ['source', 2],
  ]
  expect((await begin(scored('asking'))).out).toContain('dev line 2: no-question')
  expect(await counts('asking')).toEqual(both)
  const again = await begin(scored('asking-again'))
  expect(again.out).toContain('dev line 2: no-question')
  expect(await counts('asking-again')).toEqual(both)
  const ids = async (campaign: string) => (await listSources(database.db, campaign)).map(({ dataset }) => dataset.id)
  expect(await ids('asking-again')).toEqual(await ids('asking'))
})

it('data that asks something in every line is imported once for both uses', async () => {
  await writeSource(folder, [line('a', { question: 'Which is blue?' })])
  const text = recipe({ campaign: 'shared' })
  const { code } = await begin(text.replace('rounds:', "benchmarks:\n  dev: { path: './data', role: dev }\nrounds:"))
  expect(code).toBe(0)
  const ids = (await listSources(database.db, 'shared')).map(({ dataset }) => dataset.id)
  expect([ids.length, new Set(ids).size]).toEqual([2, 1])
})

describe('a campaign', () => {
  it('is not created when some of its records cannot be written', async () => {
    await database.db.execute(
      sql`alter table campaign_sources add constraint not_halved check (campaign_id <> 'halved')`,
    )
    const { code } = await begin(recipe({ campaign: 'halved' }))
    expect(code).toBe(1)
    await expectNothingStarted('halved')
    await database.db.execute(sql`alter table campaign_sources drop constraint not_halved`)
    expect((await begin(recipe({ campaign: 'halved' }))).out).toContain('campaign halved started')
  })

  it('whose workflow could not be started is whole, and the next start goes on with it', async () => {
    client.refusal = new Error('Temporal went away')
    const { code, err } = await begin(recipe({ campaign: 'late' }))
    expect({ code, err: err.includes('Temporal went away') }).toEqual({ code: 1, err: true })
    expect(await listSources(database.db, 'late')).toHaveLength(1)
    expect(await listEvents(database.db, 'late')).toMatchObject([{ kind: 'created' }])
    client.refusal = null
    expect((await begin(recipe({ campaign: 'late' }))).out).toContain('campaign late was there already and goes on')
    expect(client.started).toEqual(['late'])
  })

  it('keeps its recipe: another recipe under its name is refused before Hone asks a server', async () => {
    expect((await begin(recipe({ campaign: 'fixed' }))).code).toBe(0)
    const { asked } = teacher
    const { code, err } = await begin(recipe({ campaign: 'fixed' }).replace('count: 1', 'count: 2'))
    expect(code).toBe(2)
    expect(err).toMatch(/there is a campaign "fixed" with another recipe[^]*→ give the changed recipe another name/)
    expect({ asked: teacher.asked, started: client.started }).toEqual({ asked, started: ['fixed'] })
  })

  it('that an older version started without a newer field with a default goes on with the same file', async () => {
    expect((await begin(recipe({ campaign: 'older' }))).code).toBe(0)
    await database.db.execute(sql`
      update campaigns set recipe = recipe #- '{limits,lanes}', recipe_hash = 'of an older version' where id = 'older'`)
    const { code, out } = await begin(recipe({ campaign: 'older' }))
    expect({ code, goesOn: out.includes('was there already and goes on') }).toEqual({ code: 0, goesOn: true })
    expect((await begin(recipe({ campaign: 'older' }).replace('count: 1', 'count: 2'))).code).toBe(2)
  })

  it('keeps its data: other rows under its name are refused', async () => {
    expect((await begin(recipe({ campaign: 'same' }))).code).toBe(0)
    await writeSource(folder, [line('a'), line('c')])
    const { code, err } = await begin(recipe({ campaign: 'same' }))
    expect(code).toBe(2)
    expect(err).toContain('the data of source "seed" has changed since same started')
    expect(client.started).toEqual(['same'])
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../db/database.ts'
import { runningSteps } from '../../db/step-progress.ts'
import { openTestDatabase } from '../db/world.ts'
import { freshDatabase } from '../world/postgres.ts'
import { endCampaign, fillCampaign } from './campaign.ts'
import { hone as call } from './terminal.ts'
import type { Ran, Surroundings } from './terminal.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let db: Database
let rowId: string
beforeAll(async () => {
  world = await openTestDatabase()
  db = world.db
  rowId = (await fillCampaign(db, 'demo')).rowId
})
afterAll(() => world.close())

const hone = (argv: string[]): Promise<Ran> => call(argv, { env: { DATABASE_URL: world.url } })
const json = async (argv: string[]): Promise<unknown> => JSON.parse((await hone([...argv, '--json'])).out)

describe('list', () => {
  it('shows campaigns with head and newest scores', async () => {
    const { out, code } = await hone(['list'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^campaign +status +head +rounds +newest scores +changed\ndemo +running +1 +3 +report 60\.0 % \[50\.0, 70\.0\]/,
    )
    expect(await json(['list'])).toMatchObject([{ id: 'demo', status: 'running', head: 1, rounds: 3 }])
  })
})

describe('status', () => {
  it('shows the head, the running step with its progress, and the rounds', async () => {
    const { out, code } = await hone(['status'])
    expect(code).toBe(0)
    expect(out).toContain('demo  running, head: round 1\n')
    expect(out).toMatch(/^now {2}round 3 {2}sft {2}step 120 of 250 {2}loss 0\.41 {2}/m)
    expect(out).toMatch(/1 ◀ head +0 +closed +promote +60\.0 % \[50\.0, 70\.0\] +0ne1000000/)
  })

  it('holds all of it as JSON', async () => {
    expect(await json(['status', 'demo'])).toMatchObject({
      campaign: 'demo',
      head: 1,
      running: [{ round: 3, step: 'sft', job: { step: 120, metrics: { loss: 0.41, totalSteps: 250 } } }],
    })
  })

  it('of an unknown campaign ends with 2', async () => {
    const { code, err } = await hone(['status', 'dmo'])
    expect(code).toBe(2)
    expect(err).toContain('there is no campaign "dmo"\n  → ')
  })
})

describe('rounds', () => {
  it('shows rounds that were rolled back, and lists every act below', async () => {
    const { out } = await hone(['rounds', 'demo'])
    const lines = out.split('\n').filter((line) => /^(├─ )?\d /.test(line))
    expect(lines.map((line) => line.replace(/ {2,}.*/, ''))).toEqual(['0 base', '1 ◀ head', '├─ 2', '3'])
    expect(out).toMatch(/├─ 2 +1 +closed, left +regress/)
    expect(out).toMatch(/^3 +1 +running/m)
    expect(out).toMatch(/ada +rollback +2 → 1 +it guesses/)
  })
})

describe('show', () => {
  it('shows steps, reasons, jobs and a curve of the loss', async () => {
    const { out, code } = await hone(['show', 'demo', '1'])
    expect(code).toBe(0)
    expect(out).toMatch(/^demo round 1 {2}closed {2}parent 0, promote, model 0ne1/)
    expect(out).toMatch(/reason +done +5 +2 +2 +1 +1 +0 /)
    expect(out).toContain('dropped: truncated 2')
    expect(out).toContain('failed: refused 1')
    expect(out).toMatch(/job demo\/1\/sft {2}sft by trl on local, succeeded/)
    expect(out).toMatch(/loss +█▆▂▁ {2}2 → 0\.41/)
    expect(out).not.toContain(' row ')
  })

  it('shows sample rows of one step, always the same', async () => {
    const { out } = await hone(['show', '1', '--step', 'reason', '--samples', '5'])
    expect(out.match(/^reason row /gm)).toHaveLength(5)
    expect(out).toMatch(/row \S{22} {2}failed: refused\n[^]*?error +HTTP 400: no/)
    expect(out).toContain('How many circles are in demo')
    expect(out).toBe((await hone(['show', '1', '--step', 'reason', '--samples', '5'])).out)
  })

  it('without a number shows the round that runs', async () => {
    expect(await json(['show'])).toMatchObject({
      round: 3,
      jobs: [{ metrics: { loss: 0.41 }, curves: [{ name: 'loss' }] }],
    })
  })

  it('refuses unknown rounds and steps', async () => {
    expect(await hone(['show', 'demo', '9'])).toMatchObject({ code: 2, err: expect.stringContaining('no round 9') })
    expect(await hone(['show', 'demo', 'x'])).toMatchObject({ code: 2, err: expect.stringContaining('not "x"') })
    const { code, err } = await hone(['show', '1', '--step', 'raeson'])
    expect(code).toBe(2)
    expect(err).toContain('Its steps: reason, sft, evaluate.')
  })
})

describe('model', () => {
  it("prints the path of the head's checkpoint and nothing else", async () => {
    expect(await hone(['model', 'demo'])).toEqual({ out: '/store/0ne1\n', err: '', code: 0 })
    expect((await hone(['model', '--round', '2'])).out).toBe('/store/2222\n')
    expect(await json(['model', '--round', '0'])).toMatchObject({ round: 0, path: '/store/base' })
  })

  it('of a round without a checkpoint ends with 2 and prints no path', async () => {
    expect(await hone(['model', '--round', '3'])).toMatchObject({ code: 2, out: '' })
    expect(await hone(['model', '--round', '7'])).toMatchObject({ code: 2, out: '' })
  })
})

describe('lineage', () => {
  it('of a checkpoint goes down to the source and the base model', async () => {
    const { out, code } = await hone(['lineage', '0ne1'])
    expect(code).toBe(0)
    expect(out).toMatch(/^checkpoint 0ne1000000, 6\.1 MB\n/)
    expect(out).toContain('└─ trained in demo round 1, sft by trl on local (job demo/1/sft)')
    expect(out).toMatch(
      /data of demo round 1, reason: 2 rows, 2 dropped, 1 failed\n.*written by teacher-7b \(teacher\), 1 replies/,
    )
    expect(out).toContain('source demo from /data/demo: 5 rows')
    expect(out).toContain('└─ started from checkpoint ba5e000000, 6.1 MB, a base model')
    expect((await hone(['lineage', '/store/0ne1'])).out).toBe(out)
  })

  it('of a row goes down to its picture', async () => {
    const { out, code } = await hone(['lineage', rowId.slice(0, 12)])
    expect(code).toBe(0)
    expect(out).toMatch(/^demo round 1, reason {2}row /)
    expect(out).toContain('↑ made from\nsource /data/demo  row ')
    expect(out).toMatch(/picture img-demo-\d {2}56×56 image\/png, 900 bytes\n$/)
    expect(await json(['lineage', rowId])).toMatchObject({ chain: [{ id: rowId }, { sourcePath: '/data/demo' }] })
  })

  it('of an unknown id ends with 2', async () => {
    expect(await hone(['lineage', 'zzzz'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('begins with "zzzz"'),
    })
    expect((await hone(['lineage', ''])).code).toBe(2)
  })
})

it('shows the progress of a data step and of an evaluation', async () => {
  expect(await runningSteps(db, 'demo')).toMatchObject([{ step: 'sft', total: 5, done: 0 }])
  expect(await runningSteps(db, 'nobody')).toEqual([])
})

describe('watch', () => {
  const watch = (argv: string[], surroundings: Surroundings = {}): Promise<Ran> =>
    call(['watch', '--interval', '0.05', ...argv], { env: { DATABASE_URL: world.url }, ...surroundings })

  /** Watches a new campaign. `then` runs after the first look. */
  async function watchUntil(id: string, then: () => unknown, ...argv: string[]): Promise<Ran> {
    await fillCampaign(db, id)
    let looked = (): void => undefined
    const first = new Promise<void>((resolve) => (looked = resolve))
    const watching = watch([id, ...argv], { onOutput: looked })
    await first
    await then()
    return await watching
  }

  it('writes a line for each change without a terminal, and ends with 3 when the campaign fails', async () => {
    const { out, code, err } = await watchUntil('watched', () => endCampaign(db, 'watched', 'failed'))
    expect({ code, err }).toEqual({ code: 3, err: '' })
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => line.slice('2026-01-01 00:00:00  '.length))
    expect(lines.at(-1)).toBe('watched failed: round 3 failed: CUDA out of memory')
    expect(lines.filter((line) => line.startsWith('round 3  sft  step 120'))).toHaveLength(1)
    expect(lines).toContain('round 1  closed, promote, report 60.0 % [50.0, 70.0]')
    expect((await call(['status', 'watched', '--exit-code'], { env: { DATABASE_URL: world.url } })).code).toBe(3)
  })

  it('redraws in place on a terminal, with no line wider than the terminal', async () => {
    await fillCampaign(db, 'drawn')
    await endCampaign(db, 'drawn', 'finished')
    const { out, code } = await watch(['drawn'], { columns: 40 })
    expect(code).toBe(0)
    for (const line of out.split('\x1b[K\n')) expect(line.length).toBeLessThanOrEqual(40)
    expect(out).toContain('drawn  finished, head: round 1')
  })

  it('prints JSON lines, and no line when only time passes', async () => {
    const { out } = await watchUntil('lines', () => endCampaign(db, 'lines', 'finished'), '--json')
    const looks: { status: string }[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(looks.map(({ status }) => status)).toEqual(['running', 'finished'])
  })

  it('ends with 130 on Ctrl-C and leaves the campaign alone', async () => {
    const left = await watchUntil('left', () => process.emit('SIGINT'))
    expect(left).toMatchObject({ code: 130, err: expect.stringContaining('the campaign goes on') })
    expect(await json(['status', 'left'])).toMatchObject({ status: 'running' })
  })
})

it('asks which campaign when there are several', async () => {
  const { code, err } = await hone(['rounds'])
  expect(code).toBe(2)
  expect(err).toMatch(/^Which campaign\? There are 5: /)
})

it('says when a database is not a database of Hone', async () => {
  const { url, drop } = await freshDatabase()
  const empty = await call(['list'], { env: { DATABASE_URL: url } })
  await drop()
  const gone = await call(['list'], { env: { DATABASE_URL: url } })
  expect(empty).toMatchObject({
    code: 1,
    err: expect.stringMatching(/lacks Hone's tables \(42P01\)\.\n {2}→ .*hone dev/),
  })
  expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('has no such database (3D000)') })
})

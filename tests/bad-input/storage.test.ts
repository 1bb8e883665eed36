import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { findCampaign } from '../../db/campaigns.ts'
import { openTestDatabase } from '../db/world.ts'
import { FakeTeacher } from './fake-teacher.ts'
import { honeProcess } from './hone-process.ts'
import { line, recipeText, start, startingClient, workFolder, writeSource } from './world.ts'

const mountOptions = (kilobytes: number): string[] => ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=755`, 'tmpfs']

/** Whether this test can mount a small disk. Only root may, and not in every container. */
const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'hone-mount-'))
  try {
    execFileSync('mount', [...mountOptions(64), folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})()
const why = canMount ? '' : ' (skipped: no right to mount a small disk here)'

/** A folder on a disk of this size, unmounted when the test ends. */
function smallDisk(kilobytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'hone-disk-'))
  chmodSync(folder, 0o755)
  execFileSync('mount', [...mountOptions(kilobytes), folder])
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

let database: Awaited<ReturnType<typeof openTestDatabase>>
let teacher: FakeTeacher
let folder: string
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  teacher = await new FakeTeacher().start()
  folder = await workFolder()
})
afterEach(() => teacher.stop())

it.skipIf(!canMount)(
  `a full disk is named, leaves no campaign, and the start goes well once there is room${why}`,
  async () => {
    await writeSource(folder, [line('a')])
    const home = smallDisk(1024)
    expect(() => writeFileSync(join(home, 'filler'), Buffer.alloc(1024 * 1024 + 1))).toThrow('ENOSPC')
    const client = startingClient()
    const begin = () =>
      start(folder, recipeText({ campaign: 'full', url: teacher.url }), {
        client,
        env: { DATABASE_URL: database.url, HONE_HOME: home },
      })
    const { code, err } = await begin()
    expect(code).toBe(1)
    expect(err).toMatch(/No space (?:is )?left to write .* \(ENOSPC\)\.\n {2}→ Free space .*set HONE_HOME/)
    expect({ campaign: await findCampaign(database.db, 'full'), started: client.started }).toEqual({
      campaign: null,
      started: [],
    })
    rmSync(join(home, 'filler'))
    expect(await begin()).toMatchObject({ code: 0, out: expect.stringContaining('campaign full started') })
  },
)

it.skipIf(!canMount)(`hone dev on a full disk says so and leaves nothing behind${why}`, async () => {
  const home = smallDisk(512)
  const { code, err } = await honeProcess(['dev'], { home, env: {} })
  expect(code).toBe(1)
  expect(err).toMatch(/no space (is )?left/i)
  expect(err).toMatch(/→ .*HONE_HOME/)
})

it('a home that cannot be written is refused with its path and the variable that moves it', async () => {
  await writeSource(folder, [line('a')])
  writeFileSync(join(folder, 'a-file'), '')
  for (const [home, reason] of [
    [join(folder, 'a-file', 'home'), 'a file is in the way (ENOTDIR)'],
    ['/proc/hone', 'not permitted (EPERM)'],
  ] as const) {
    const client = startingClient()
    const { code, err } = await start(folder, recipeText({ campaign: 'homeless', url: teacher.url }), {
      client,
      env: { DATABASE_URL: database.url, HONE_HOME: home },
    })
    expect(code).toBe(1)
    expect(err).toContain(`Cannot write to ${home}: ${reason}`)
    expect(err).toContain('or set HONE_HOME to a folder where you may')
    expect(client.started).toEqual([])
  }
  expect(await findCampaign(database.db, 'homeless')).toBeNull()
})

it.skipIf(process.getuid?.() === 0)(
  'a folder without the right to write is named (skipped: root may write anywhere)',
  async () => {
    await writeSource(folder, [line('a')])
    const locked = join(folder, 'locked')
    mkdirSync(locked, { mode: 0o555 })
    const { code, err } = await start(folder, recipeText({ campaign: 'locked', url: teacher.url }), {
      client: startingClient(),
      env: { DATABASE_URL: database.url, HONE_HOME: join(locked, 'home') },
    })
    expect({ code, err: err.includes('no permission (EACCES)') }).toEqual({ code: 1, err: true })
  },
)

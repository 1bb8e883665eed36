import { draftPrefix } from '../../artifacts/whole-file.ts'
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readIfThere, readJsonFile, replaceJson } from '../../jobs/launchers/files.ts'
import {
  claimedElsewhere,
  claimFile,
  exitFile,
  jobFiles,
  servingFile,
  wrapperPath,
} from '../../jobs/launchers/folder.ts'
import { endJob } from '../../jobs/launchers/local/processes.ts'
import { statusFromFiles } from '../../jobs/launchers/status.ts'

const run = promisify(execFile)
/** The oldest Python that the wrapper supports. */
const hasOldPython = await run('python3.6', ['-c', '']).then(
  () => true,
  () => false,
)

let folder = ''
const id = randomUUID()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-wrapper-'))
})
afterEach(async () => {
  await endJob(id, 0)
  await rm(folder, { recursive: true, force: true })
})

async function record(script: string, more: Record<string, unknown> = {}): Promise<void> {
  const job = { id, key: 'key', specHash: 'a', argv: ['sh', '-c', script], env: {}, secretEnv: [], cwd: folder }
  const rest = { gracePeriodSeconds: 1, resources: {}, submittedAt: new Date().toISOString() }
  await replaceJson(jobFiles(folder).job, { ...job, ...rest, ...more })
}

/** Runs the wrapper to its end. Returns its exit status. */
async function wrapper(environment: NodeJS.ProcessEnv = {}, python = 'python3'): Promise<number | null> {
  const env = { ...process.env, ...environment }
  const argv = ['-I', '-S', wrapperPath, jobFiles(folder).control]
  const [status] = await once(spawn(python, argv, { env, stdio: 'inherit' }), 'exit')
  return typeof status === 'number' ? status : null
}

const exit = async () => await readJsonFile(jobFiles(folder).exit, exitFile)
const output = async () => await readFile(jobFiles(folder).stdout, 'utf8')

describe('the wrapper of a job', () => {
  test('ends as its program did, so that a scheduler shows the truth; its own status stays its own', async () => {
    const cases = [
      ['exit 7', 7],
      ['kill -KILL $$', 137],
      [`exit ${claimedElsewhere}`, 1],
    ] as const
    for (const [script, status] of cases) {
      await record(script)
      expect(await wrapper()).toBe(status)
      expect(await wrapper()).toBe(claimedElsewhere)
      await rm(jobFiles(folder).control, { recursive: true })
    }
  })

  test('takes secrets from a file that is gone before the program comes, with what a dying launcher left', async () => {
    const files = jobFiles(folder)
    await record('echo "$HORSE_TOKEN"; ls job', { secretEnv: ['HORSE_TOKEN'] })
    await replaceJson(files.secrets, { HORSE_TOKEN: 'correct-horse' }, { mode: 0o600 })
    await writeFile(`${files.secrets}.draft`, '{"HORSE_TOKEN": "correct-ho')
    await writeFile(join(files.control, `${draftPrefix}secrets.json-1-x`), '{"HORSE_TOKEN": "correct-ho')
    expect(await wrapper()).toBe(0)
    const [secret, ...names] = (await output()).trim().split('\n')
    expect(secret).toBe('correct-horse')
    expect(names.filter((name) => name.includes('secrets'))).toEqual([])
    expect((await readdir(files.control)).filter((name) => name.includes('secrets'))).toEqual([])
  })

  test('does not start a program without its secret, and says which one is absent', async () => {
    await record('echo ran', { secretEnv: ['HORSE_TOKEN'] })
    expect(await wrapper()).toBe(127)
    const { status } = await statusFromFiles(folder)
    expect(status).toMatchObject({ state: 'failed' })
    expect(status.reason).toContain('HORSE_TOKEN')
    expect(await readIfThere(jobFiles(folder).stdout)).toBeNull()
  })

  test('does not start a program whose end was asked for while it waited', async () => {
    await record('echo ran')
    const cancel = { graceSeconds: 1, cause: 'request', at: new Date().toISOString() }
    await replaceJson(jobFiles(folder).cancel, cancel)
    await wrapper()
    expect(await exit()).toMatchObject({ stopRequested: true, code: null })
    expect((await statusFromFiles(folder)).status).toMatchObject({ state: 'cancelled' })
    expect(await readIfThere(jobFiles(folder).stdout)).toBeNull()
  })

  test('tells a server where to listen and others where to find it', async () => {
    const files = jobFiles(folder)
    const serve = { kind: 'serve', listen: '0.0.0.0', advertise: 'node7.cluster', env: { AT: '{host}:{port}' } }
    await record('echo "$AT"; echo "{port}"', serve)
    expect(await wrapper()).toBe(0)
    const serving = await readJsonFile(files.serving, servingFile)
    expect(serving).toMatchObject({ host: 'node7.cluster' })
    expect(await output()).toBe(`0.0.0.0:${serving?.port}\n${serving?.port}\n`)
    await rm(files.control, { recursive: true })
    // Without `advertise` the name is the node's, as Slurm calls it.
    await record('true', { kind: 'serve', listen: '0.0.0.0' })
    await wrapper({ SLURMD_NODENAME: 'node8' })
    expect(await readJsonFile(files.serving, servingFile)).toMatchObject({ host: 'node8' })
    await rm(files.control, { recursive: true })
    // Only servers have marks: braces in another program's arguments stay.
    await record('echo "{port}"')
    await wrapper()
    expect(await output()).toBe('{port}\n')
  })

  test('that its scheduler started again counts the first run as interrupted and runs nothing', async () => {
    const files = jobFiles(folder)
    await record('echo ran')
    const first = { pid: 1, startTicks: 1, bootId: 'b', host: 'node1', scheduler: { name: 'slurm', id: '7' } }
    await replaceJson(files.claim, first)
    const again = { SLURM_JOB_ID: '7', SLURM_RESTART_COUNT: '0' }
    expect(await wrapper(again)).toBe(claimedElsewhere)
    expect(await exit()).toBeNull()
    expect(await wrapper({ ...again, SLURM_JOB_ID: '8', SLURM_RESTART_COUNT: '1' })).toBe(claimedElsewhere)
    expect(await exit()).toBeNull()
    expect(await wrapper({ ...again, SLURM_RESTART_COUNT: '1' })).toBe(claimedElsewhere)
    const { status } = await statusFromFiles(folder)
    expect(status).toMatchObject({ state: 'failed', interrupted: true })
    expect(status.reason).toContain('node1')
    expect(await readIfThere(files.stdout)).toBeNull()
  })

  test('names its machine and the job of its scheduler in the claim', async () => {
    await record('true')
    await wrapper({ SLURM_JOB_ID: '7', SLURM_RESTART_COUNT: '2' })
    expect(await readJsonFile(jobFiles(folder).claim, claimFile)).toMatchObject({
      host: expect.stringMatching(/./),
      scheduler: { name: 'slurm', id: '7', restarts: 2 },
    })
  })

  test.skipIf(!hasOldPython)(
    'runs on Python 3.6 in a plain locale, whatever letters the job is written in',
    async () => {
      await record('echo "$GREETING"; echo ärmlich', { env: { GREETING: 'schöne Grüße' }, setup: ['true # für'] })
      expect(await wrapper({ LC_ALL: 'C', PYTHONUTF8: '0' }, 'python3.6')).toBe(0)
      expect(await output()).toBe('schöne Grüße\närmlich\n')
    },
  )
})

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { stringify } from 'yaml'
import { z } from 'zod'
import { nodeEntry } from '../../services/node-process.ts'
import { findPostgres } from '../../services/postgres.ts'
import { findService } from '../../services/processes.ts'
import { killAll, processesOf, start } from './processes.ts'
import type { Ran, Running } from './processes.ts'
import { demoCache, makeWorldAndModel, smallCampaign } from './small-campaign.ts'

const bin = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))

type RecipeChanges = Partial<Record<keyof ReturnType<typeof smallCampaign>, unknown>>

/** Time limit of one wait, for a slow and busy machine. */
const patienceSeconds = 400

/**
 * Its own home with pictures, a weak base model and a teacher, on which a test runs the real `hone`
 * as real processes. `close` leaves no process and no folder, whatever a test did.
 */
export interface CampaignWorld {
  home: string
  /** All chat requests that the teacher has received. */
  teacherCalls: () => Promise<number>
  /** Writes a recipe: the small campaign with these fields replaced. Returns the recipe's path. */
  recipe: (changes?: RecipeChanges) => string
  /** Starts `hone` and leaves it running. */
  background: (...argv: string[]) => Running
  /** Runs a `hone` command to its end. */
  hone: (...argv: string[]) => Promise<Ran>
  /**
   * Runs a `hone` command with --json and parses its output. Throws with the command's output when
   * the exit code is not 0.
   */
  json: <Shape extends z.ZodType>(shape: Shape, ...argv: string[]) => Promise<z.infer<Shape>>
  /**
   * Runs `hone start` with a recipe: the small campaign with these fields replaced. Throws when the
   * recipe is refused. Endpoints are not probed: tests count the teacher's calls.
   */
  start: (changes?: RecipeChanges) => Promise<void>
  /** Starts `hone dev`, and resolves when it says that all services are up. */
  dev: () => Promise<Running>
  /** Rows of a query on this home's Postgres. */
  query: <Shape extends z.ZodType>(shape: Shape, sql: string, ...values: unknown[]) => Promise<z.infer<Shape>[]>
  /** Waits until a query about a running campaign returns rows. Throws when the campaign failed. */
  until: (what: string, sql: string, ...values: unknown[]) => Promise<void>
  /** Waits until a step of a round runs. For a training, waits until its trainer runs. */
  untilRuns: (campaign: string, round: number, step: string) => Promise<void>
  untilFinished: (campaign: string) => Promise<void>
  /** Process id of a service of this home. */
  pidOf: (service: string) => number
  /** All processes of this home, whichever process started them. */
  processes: () => { pid: number; command: string }[]
  close: () => Promise<void>
}

export interface CampaignWorldOptions {
  /** How long the teacher waits before each reply. */
  latencyMs: number
  /**
   * Puts this world's base model where the demo looks for its own, which takes minutes to train.
   */
  isForDemo?: boolean
}

/** Makes a world. This takes about 7 s, most of it for the base model. */
export async function campaignWorld({ latencyMs, isForDemo = false }: CampaignWorldOptions): Promise<CampaignWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'hone-campaign-'))
  // When root runs the tests, PostgreSQL runs as another user, who must reach its folder.
  chmodSync(folder, 0o755)
  const home = join(folder, 'home')
  // The developer's own settings must not reach this home.
  const plain = {
    ...process.env,
    DATABASE_URL: undefined,
    TEMPORAL_ADDRESS: undefined,
    TEMPORAL_PROFILE: undefined,
    TEMPORAL_CONFIG_FILE: undefined,
  }
  const cache = join(folder, 'cache')
  const env = { ...plain, HONE_HOME: home, ...(isForDemo && { HONE_CACHE: cache }) }
  const { command, args } = nodeEntry('demo/teacher-main')
  const teacher = start(command, [...args, '--latency-ms', String(latencyMs)], plain, tmpdir())
  const close = async () => {
    await teacher.end('SIGKILL')
    await killAll(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const teacherUrl = await Promise.all([teacher.says(/ready (http\S+)/), makeWorldAndModel(folder, plain)]).then(
    ([[, url = '']]) => url,
    async (error: unknown) => {
      await close()
      throw error
    },
  )

  if (isForDemo) await demoCache(cache, join(folder, 'model'))
  const background = (...argv: string[]) => start(process.execPath, [bin, ...argv], env, folder)
  const hone = async (...argv: string[]) => await background(...argv).ended
  const query: CampaignWorld['query'] = async (shape, sql, ...values) => {
    const connectionString = findPostgres(home, plain)
    if (connectionString === null) throw new Error(`no Postgres runs in ${home}`)
    const client = new Client({ connectionString })
    await client.connect()
    try {
      return z.array(shape).parse((await client.query(sql, values)).rows)
    } finally {
      await client.end()
    }
  }
  const recipe: CampaignWorld['recipe'] = (changes = {}) => {
    const whole = { ...smallCampaign(teacherUrl), ...changes }
    const path = join(folder, `${String(whole.campaign)}.yaml`)
    writeFileSync(path, stringify(whole))
    return path
  }
  const until: CampaignWorld['until'] = async (what, sql, ...values) => {
    const deadline = Date.now() + patienceSeconds * 1000
    for (;;) {
      if ((await query(z.unknown(), sql, ...values)).length > 0) return
      const [failed] = await query(z.unknown(), `select id, status_reason from campaigns where status = 'failed'`)
      if (failed !== undefined) throw new Error(`${what} does not come: ${JSON.stringify(failed)}`)
      if (Date.now() > deadline) throw new Error(`${what} did not come within ${patienceSeconds} s`)
      await sleep(50)
    }
  }
  return {
    home,
    teacherCalls: async () => {
      const health: unknown = await (await fetch(`${teacherUrl}/health`)).json()
      return z.object({ calls: z.int() }).parse(health).calls
    },
    recipe,
    background,
    hone,
    json: async (shape, ...argv) => {
      const ran = await hone(...argv, '--json')
      if (ran.code !== 0) throw new Error(`hone ${argv.join(' ')} exited with ${ran.code}:\n${ran.err}${ran.out}`)
      return shape.parse(JSON.parse(ran.out))
    },
    start: async (changes) => {
      const { code, err } = await hone('start', '--no-probe', recipe(changes))
      if (code !== 0) throw new Error(`hone start exited with ${code}: ${err}`)
    },
    dev: async () => {
      const dev = background('dev')
      await dev.says(/Ctrl-C ends all of it/)
      return dev
    },
    query,
    until,
    untilRuns: async (campaign, round, step) => {
      const isTraining = ['sft', 'rl'].includes(step)
      const job = `exists (select 1 from jobs join attempts on attempts.job_id = jobs.id
        where jobs.step_id = steps.id and attempts.state = 'running')`
      await until(
        `${step} of round ${round} of ${campaign}`,
        `select 1 from steps where campaign_id = $1 and round_number = $2 and name = $3 and status = 'running'
         ${isTraining ? `and ${job}` : ''}`,
        campaign,
        round,
        step,
      )
    },
    untilFinished: (campaign) =>
      until(`the end of ${campaign}`, `select 1 from campaigns where id = $1 and status = 'finished'`, campaign),
    pidOf: (service) => {
      const pid = findService(home, service)?.identity.pid
      if (pid === undefined) throw new Error(`no ${service} runs in ${home}`)
      return pid
    },
    processes: () => processesOf(home),
    close,
  }
}

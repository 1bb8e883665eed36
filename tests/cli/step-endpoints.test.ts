import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { describe, expect, it } from 'vitest'
import { completion, FakeEndpoint } from '../models/fake-endpoint.ts'
import { serve } from '../models/http/serving.ts'
import { described, serverOptions, writeRowsWithPictures } from './step-parts.ts'
import { eachWithFolderAndServer } from './step-hooks.ts'
import type { StepFolder } from './step-world.ts'
import { hone } from './terminal.ts'

let folder: StepFolder
let endpoint: FakeEndpoint
eachWithFolderAndServer((...given) => {
  ;[folder, endpoint] = given
})

const run = (step: string, more: readonly string[], env: Record<string, string> = {}) =>
  hone(['step', step, '--input', folder.at('in.jsonl'), '--output', folder.at('out.jsonl'), ...more], { env })
const reason = (more: readonly string[], env?: Record<string, string>) =>
  run('reason', ['--set', 'samples=1', ...more], env)
const fileOf = (endpoints: object) => ['--endpoints', folder.write('endpoints.yaml', stringify(endpoints))]
const local = (more: object = {}) => ({ endpoint: { url: endpoint.url, model: 'fake-model', ...more } })

/** A server that takes any fields. */
const anyServer = () => serve((_, response) => response.end(completion('fine')))

describe('--provider', () => {
  it('changes the requests as the preset says, at the URL of the command line', async () => {
    folder.writeLines('in.jsonl', described(1))
    const server = await anyServer()
    const flags = ['--endpoint', server.url, '--model', 'o3-mini', '--provider', 'openai']
    expect((await reason(flags, { OPENAI_API_KEY: 'k-1' })).code).toBe(0)
    const body: unknown = JSON.parse(server.got[0]?.text ?? '')
    expect(body).toHaveProperty('max_completion_tokens')
    for (const field of ['max_tokens', 'temperature', 'top_p']) expect(body).not.toHaveProperty(field)
    expect(server.got[0]?.headers.authorization).toBe('Bearer k-1')
  })

  it('names the variable of the key when it is not set, and the preset that was meant', async () => {
    folder.writeLines('in.jsonl', described(1))
    expect((await reason(['--provider', 'groq', '--model', 'm'])).err).toContain('GROQ_API_KEY')
    const misspelt = await reason(['--provider', 'opnai', '--model', 'm'])
    expect(misspelt).toMatchObject({ code: 2 })
    expect(misspelt.err).toContain('Did you mean "openai"?')
  })
})

describe('--endpoints', () => {
  it('takes an endpoint with headers, body and left-out fields in the form of a recipe', async () => {
    folder.writeLines('in.jsonl', described(1))
    const server = await anyServer()
    const spec = local({
      url: server.url,
      headers: { Authorization: '$GATEWAY' },
      body: { top_k: 40 },
      omit: ['seed', 'n'],
    })
    expect((await reason(fileOf(spec), { GATEWAY: 'Token t-1' })).code).toBe(0)
    const body: unknown = JSON.parse(server.got[0]?.text ?? '')
    expect(body).toMatchObject({ top_k: 40, model: 'fake-model' })
    for (const field of ['seed', 'n']) expect(body).not.toHaveProperty(field)
    expect(server.got[0]?.headers.authorization).toBe('Token t-1')
    const kept = readFileSync(`${folder.at('out.jsonl')}.hone/replies.jsonl`, 'utf8')
    expect(kept).not.toContain('t-1')
  })

  it('asks again only for rows whose requests another body changes', async () => {
    folder.writeLines('in.jsonl', described(3))
    const sent = async (more: object) => {
      const before = endpoint.requests.length
      expect((await reason(fileOf(local(more)))).code).toBe(0)
      return endpoint.requests.length - before
    }
    expect(await sent({})).toBe(3)
    expect(await sent({ headers: { 'X-Team': 'vision' }, stream: 'never', outageSeconds: 5 })).toBe(0)
    expect(await sent({ body: { top_k: 40 } })).toBe(3)
    expect(await sent({ body: { top_k: 40 }, omit: ['n'] })).toBe(0)
    expect(await sent({})).toBe(0)
  })

  it('serves the models that it names, beside servers of the command line', async () => {
    const other = await new FakeEndpoint().start()
    try {
      await writeRowsWithPictures(folder, 1)
      for (const server of [endpoint, other]) server.reply = () => '<answer>1</answer>'
      const file = fileOf({ reasoner: { url: other.url, model: 'r1' } })
      expect((await run('agree', [...serverOptions(endpoint), ...file])).code).toBe(0)
      expect(endpoint.requests.map(({ model }) => model)).toEqual(['fake-model'])
      expect(other.requests.map(({ model }) => model)).toEqual(['r1'])
    } finally {
      await other.stop()
    }
  })

  it.each([
    ['a field that does not exist', () => local({ heders: {} }), 'did you mean "headers"?'],
    ['a secret', () => local({ headers: { Authorization: 'hush' } }), 'write $NAME here'],
    ['a model that the step does not ask', () => ({ judge: local().endpoint }), 'asks no model "judge"'],
    ['the demo teacher', () => ({ endpoint: { url: 'demo:teacher', model: 'm' } }), 'runs only beside campaigns'],
  ])('refuses a file with %s, and says what to write', async (_, endpoints, text) => {
    folder.writeLines('in.jsonl', described(1))
    const refused = await reason(fileOf(endpoints()))
    expect(refused.code).toBe(2)
    expect(refused.err).toContain(text)
    expect(refused.err).not.toContain('hush')
    expect(endpoint.requests).toHaveLength(0)
  })

  it('is never overwritten', async () => {
    folder.writeLines('in.jsonl', described(1))
    const [flag, path = ''] = fileOf(local())
    expect((await reason([flag ?? '', path, '--rejects', path])).err).toContain('overwritten')
    expect(readFileSync(path, 'utf8')).toContain('fake-model')
  })
})

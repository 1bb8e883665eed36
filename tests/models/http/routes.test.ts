import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { describeError } from '../../../domain/errors.ts'
import { Connections } from '../../../models/http/connections.ts'
import { makeAuthority } from '../../world/certificates.ts'
import { failureOf, range } from '../asking.ts'
import { completion } from '../fake-endpoint.ts'
import { proxyTo } from './proxying.ts'
import { clientOf, serve } from './serving.ts'
import type { Served } from './serving.ts'

const variables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])

beforeEach(() => {
  for (const name of variables) vi.stubEnv(name, '')
})
afterEach(() => vi.unstubAllEnvs())

const answering = (tls?: { key: string; cert: string }): Promise<Served> =>
  serve((_, response) => response.end(completion('fine')), tls)

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hone-routes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A new authority, and a certificate of it for `model.invalid` and this machine. */
function certificates(): { caFile: string; key: string; cert: string } {
  const authority = makeAuthority(newFolder(), 'authority')
  const { key, cert } = authority.sign('model.invalid', 'DNS:model.invalid', 'IP:127.0.0.1')
  return { caFile: authority.cert, key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

describe('a proxy', () => {
  it('of the recipe passes plain requests on, over one connection', async () => {
    const server = await answering()
    const proxy = await proxyTo(server.port)
    const client = clientOf('http://model.invalid/v1', { proxy: proxy.url })
    for (const n of range(3)) expect((await client.ask(`picture ${'A'.repeat(4 * n)}`)).kind).toBe('ok')
    expect(proxy.asked).toEqual(range(3).map(() => 'http://model.invalid/v1/chat/completions'))
    expect(proxy.connections).toBe(1)
    expect(server.got.map(({ text }) => JSON.parse(text) as unknown)).toHaveLength(3)
  })

  it('tunnels to a server with TLS, over one kept connection that closes when it is idle', async () => {
    const { caFile, ...pair } = certificates()
    const server = await answering(pair)
    const proxy = await proxyTo(server.port)
    const connections = new Connections({ idleMs: 300 })
    const client = clientOf('https://model.invalid/v1', { proxy: proxy.url, caFile }, {}, connections)
    for (const n of range(3)) expect((await client.ask(`hello ${n}`)).kind).toBe('ok')
    expect(proxy.asked).toEqual(['model.invalid:443'])
    expect(server.connections).toBe(1)
    await vi.waitFor(() => expect(server.got[0]?.socket.destroyed).toBe(true), 5000)
  })

  it('is asked again for a tunnel when an idle one has closed', async () => {
    const { caFile, ...pair } = certificates()
    const server = await answering(pair)
    const proxy = await proxyTo(server.port)
    const client = clientOf('https://model.invalid/v1', { proxy: proxy.url, caFile })
    await client.ask()
    server.got[0]?.socket.destroy()
    await sleep(50)
    expect((await client.ask()).kind).toBe('ok')
    expect(proxy.asked).toHaveLength(2)
  })

  it.each([
    ['HTTP_PROXY', 'http'],
    ['http_proxy', 'http'],
    ['HTTPS_PROXY', 'https'],
    ['ALL_PROXY', 'http'],
    ['ALL_PROXY', 'https'],
  ])('of %s is used for %s, but not for hosts of NO_PROXY and not for this machine', async (variable, scheme) => {
    const { caFile, ...pair } = certificates()
    const server = await answering(scheme === 'https' ? pair : undefined)
    const proxy = await proxyTo(server.port)
    vi.stubEnv(variable, proxy.url)
    expect((await clientOf(`${scheme}://model.invalid/v1`, { caFile }).ask()).kind).toBe('ok')
    expect(proxy.asked).toHaveLength(1)
    expect((await clientOf(server.url, { caFile }).ask()).kind).toBe('ok')
    vi.stubEnv('NO_PROXY', 'elsewhere.test,.invalid')
    expect((await clientOf(`${scheme}://model.invalid/v1`, { caFile }).ask()).kind).toBe('away')
    expect(proxy.asked).toHaveLength(1)
  })

  it('gets its name and password, which no text shows', async () => {
    const server = await answering()
    const proxy = await proxyTo(server.port, 407)
    const env = { PROXY: `http://user:pass%2Fword@127.0.0.1:${proxy.port}` }
    for (const scheme of ['http', 'https']) {
      const result = await clientOf(`${scheme}://model.invalid/v1`, { proxy: '$PROXY' }, env).ask()
      expect(result.kind).not.toBe('ok')
      expect(JSON.stringify(result)).not.toMatch(/pass(%2F|\/)word/)
    }
    const basic = `Basic ${Buffer.from('user:pass/word').toString('base64')}`
    expect(proxy.authorizations).toEqual([basic, basic])
    expect(server.got).toEqual([])
  })

  it.each(['socks5://user:secret@127.0.0.1:1080', 'http://user:secret%zz@127.0.0.1:1080', 'not a url secret'])(
    'that cannot be used is refused for every row, and never quoted: %s',
    (proxy) => {
      let error: unknown
      try {
        clientOf('http://model.invalid/v1', { proxy })
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ type: 'InvalidRecipe' })
      expect(describeError(error)).not.toContain('secret')
    },
  )

  it('that is away makes the server away', async () => {
    for (const scheme of ['http', 'https'])
      expect((await clientOf(`${scheme}://model.invalid/v1`, { proxy: 'http://127.0.0.1:9' }).ask()).kind).toBe('away')
  })
})

describe('certificates', () => {
  it('of an authority of the recipe are trusted, and are not without it', async () => {
    const { caFile, ...pair } = certificates()
    const server = await answering(pair)
    expect((await clientOf(server.url, { caFile }).ask()).kind).toBe('ok')
    expect((await clientOf(server.url).ask()).kind).toBe('fatal')
  })

  it('for another name are refused, also through a tunnel', async () => {
    const { caFile, ...pair } = certificates()
    const server = await answering(pair)
    const proxy = await proxyTo(server.port)
    expect((await clientOf('https://other.invalid/v1', { caFile, proxy: proxy.url }).ask()).kind).toBe('fatal')
    expect((await clientOf(`https://localhost:${server.port}/v1`, { caFile }).ask()).kind).toBe('fatal')
    expect(server.got).toEqual([])
  })

  it('of one endpoint are not those of another endpoint with the same server, nor is a proxy', async () => {
    const { caFile, ...pair } = certificates()
    const server = await answering(pair)
    const proxy = await proxyTo(server.port)
    const connections = new Connections()
    const kindOf = async (changes: { caFile?: string; proxy?: string }) =>
      (await clientOf(server.url, changes, {}, connections).ask()).kind
    expect(await kindOf({ caFile })).toBe('ok')
    expect(await kindOf({})).toBe('fatal')
    expect(proxy.asked).toEqual([])
    expect(await kindOf({ caFile, proxy: proxy.url })).toBe('ok')
    expect(proxy.asked).toHaveLength(1)
  })

  it.each(['missing', 'empty'])('of a file that is %s are refused with its name', async (kind) => {
    const caFile = join(newFolder(), `${kind}.pem`)
    if (kind === 'empty') writeFileSync(caFile, '\n')
    const error = await failureOf(
      (async () => {
        await clientOf('https://127.0.0.1:9/v1', { caFile }).ask()
      })(),
    )
    expect(error).toMatchObject({ type: 'InvalidRecipe', message: expect.stringContaining(caFile) })
  })
})

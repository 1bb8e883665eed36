import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { byAffinity, prefixOf } from '../../models/affinity.ts'
import { Limiters } from '../../models/limiters.ts'
import { openEngine, pictured, question, range } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

const servers = range(5).map((n) => ({ url: `http://gpu-${n}:8000/v1` }))

it('prefixes are spread over servers, and a server that goes away moves only its own prefixes', () => {
  const homes = range(2000).map((n) => byAffinity(`picture ${n}`, servers)[0]?.url)
  for (const { url } of servers) expect(homes.filter((home) => home === url).length).toBeGreaterThan(300)
  const left = servers.slice(1)
  const moved = range(2000).filter((n) => byAffinity(`picture ${n}`, left)[0]?.url !== homes[n - 1])
  expect(moved.every((n) => homes[n - 1] === servers[0]?.url)).toBe(true)
})

it('the order of servers is the same however a recipe lists them, and has each server once', () => {
  fc.assert(
    fc.property(fc.string(), fc.shuffledSubarray(servers, { minLength: 5 }), (prefix, shuffled) => {
      expect(byAffinity(prefix, shuffled)).toEqual(byAffinity(prefix, servers))
      expect(new Set(byAffinity(prefix, shuffled))).toEqual(new Set(servers))
    }),
  )
})

it('the prefix of a request is the text before its first pictures, or its first user turn if it has no picture', () => {
  const system = { role: 'system', text: 'You look closely.' } as const
  const about = (text: string, images?: string[]) =>
    prefixOf({ messages: [system, { role: 'user', text, ...(images && { images }) }, { role: 'user', text: 'go' }] })
  expect(about('Count.', ['aa'])).toBe(about('Describe.', ['aa']))
  expect(about('Count.', ['aa'])).not.toBe(about('Count.', ['bb']))
  expect(about('Count.')).not.toBe(about('Describe.'))
  expect(prefixOf(question('a', { sampleIndex: 1 }))).toBe(prefixOf(question('a', { sampleIndex: 2 })))
})

it('nearly all samples of a picture go to one server though all servers are full', async () => {
  const [first, second] = [await new FakeEndpoint().start(), await new FakeEndpoint().start()]
  for (const server of [first, second]) server.latencyMs = 10
  const endpoint = first.resolved({ baseUrls: [first.url, second.url], concurrency: 4 })
  const engine = openEngine({ endpoints: [endpoint], limiters: new Limiters() })
  await Promise.all(range(40).flatMap((row) => range(8).map((sample) => engine.ask(pictured(`p${row}`, sample)))))
  const count = (server: FakeEndpoint, row: number) =>
    server.requests.filter(({ messages }) => JSON.stringify(messages).includes(`base64,p${row}"`)).length
  const athome = range(40).reduce((sum, row) => sum + Math.max(count(first, row), count(second, row)), 0)
  expect(athome / 320).toBeGreaterThan(0.8)
  expect(Math.min(first.requests.length, second.requests.length)).toBeGreaterThan(100)
  await engine.close()
  await Promise.all([first.stop(), second.stop()])
})

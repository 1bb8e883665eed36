import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchPicture } from '../../data/import/fetch-picture.ts'
import { RowProblem } from '../../domain/row-problem.ts'

let server: Server
let base: string
const asked: string[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const to = /^\/to\/(.*)$/.exec(request.url ?? '')?.[1]
    if (to === undefined) response.end('picture')
    else response.writeHead(302, { location: decodeURIComponent(to) }).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => server.close())

async function problem(url: string, from: Parameters<typeof fetchPicture>[1]): Promise<string> {
  try {
    return `bytes: ${Buffer.from(await fetchPicture(url, from)).toString()}`
  } catch (error) {
    return error instanceof RowProblem ? `${error.reason}: ${error.message}` : String(error)
  }
}

describe('a URL of a picture', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['another loopback', '127.9.9.9'],
    ['a number', '2130706433'],
    ['hexadecimal', '0x7f000001'],
    ['IPv6', '[::1]'],
    ['IPv4 in IPv6', '[::ffff:127.0.0.1]'],
    ['a cloud’s keys', '169.254.169.254'],
    ['a private net', '10.1.2.3'],
    ['another private net', '192.168.0.1'],
    ['a carrier’s net', '100.64.0.1'],
    ['this host', '0.0.0.0'],
    ['a link-local net', '[fe80::1]'],
    ['a unique local net', '[fd00::1]'],
    ['a name', 'localhost'],
  ])('is not fetched from this machine or its network without a word of the user: %s', async (_, host) => {
    const { port } = new URL(base)
    expect(await problem(`http://${host}:${port}/a.png`, 'public')).toMatch(/^image-url: .*not on the public network/)
    expect(asked).toEqual([])
  })

  it('is fetched from there where the user allows it', async () => {
    expect(await problem(`${base}/a.png`, 'local')).toBe('bytes: picture')
  })

  it('is followed to another place, five times at most', async () => {
    const to = (url: string) => `${base}/to/${encodeURIComponent(url)}`
    expect(await problem(to('/a.png'), 'local')).toBe('bytes: picture')
    asked.length = 0
    expect(await problem(to('/to/%2Fa.png'), 'local')).toBe('bytes: picture')
    asked.length = 0
    expect(await problem(`${base}/to/round`, 'local')).toMatch(/^image-url: .* answers 302$/)
    expect(asked).toHaveLength(6)
  })

  it.each([
    ['a file', 'file:///etc/passwd', 'is no http(s) URL'],
    ['a password', 'http://me:secret@127.0.0.1/', 'comes with a name or password'],
  ])('is not followed to %s', async (_, url, why) => {
    const told = await problem(`${base}/to/${encodeURIComponent(url)}`, 'local')
    expect(told).toContain(why)
    expect(told).not.toContain('secret')
  })
})

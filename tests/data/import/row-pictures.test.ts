import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderOf, jsonl, picture } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

describe('pictures', () => {
  const rows = (...images: unknown[]) => jsonl(images.map((one) => ({ question: 'Q', image: one })))

  it('come from data URLs, base64, paths and structs', async () => {
    const data = image.toString('base64')
    const folder = await folderOf({
      'a.png': image,
      'r.jsonl': rows(`data:image/png;base64,${data}`, data, 'a.png', { path: 'a.png' }, ['a.png', { bytes: data }]),
    })
    expect((await read(folder)).short.map(({ pictures }) => pictures)).toEqual([1, 1, 1, 1, 2])
  })

  it('that cannot be used fail with a reason', async () => {
    const folder = await folderOf({
      'a.png': image,
      'bad.png': 'no picture',
      'r.jsonl': rows(
        'a.png',
        'gone.png',
        '../x.png',
        '/etc/hostname',
        'bad.png',
        'https://me:key@x.test/a.png?key=1',
        '',
        5,
      ),
    })
    const { rows: found } = await read(join(folder, 'r.jsonl'))
    expect(found.map(({ row }) => row.failure?.reason)).toEqual([
      undefined,
      'image-missing',
      'image-outside',
      'image-outside',
      'image-broken',
      'image-url',
      'no-image',
      'bad-field',
    ])
    expect(found[5]?.row.failure?.detail).not.toContain('key')
  })

  it('are fetched from URLs if the import allows it, and fail with a reason otherwise', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/a.png') response.end(image)
      else if (request.url === '/endless') response.write(Buffer.alloc(70 * 1024 * 1024), () => response.destroy())
      else response.writeHead(404).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const folder = await folderOf({
      'r.jsonl': rows(
        `${base}/a.png`,
        `${base}/gone`,
        { url: `${base}/a.png` },
        `${base}/endless`,
        'http://127.0.0.1:1/x',
        `${base.replace('//', '//me:pass-word@')}/b.png?key=1`,
      ),
    })
    try {
      const { rows: found } = await read(folder, { allowUrls: 'local' })
      const reasons = found.map(({ row }) => row.failure?.reason)
      expect(reasons).toEqual([undefined, 'image-url', undefined, 'image-too-large', 'image-unreachable', 'image-url'])
      expect(found[1]?.row.failure?.detail).toContain('answers 404')
      expect(found[4]?.row.failure?.detail).toContain('http://127.0.0.1:1/x cannot be fetched')
      expect(found[5]?.row.failure?.detail).toBe(`${base}/b.png comes with a name or password, which is not sent`)
    } finally {
      server.close()
    }
  })

  it('are fetched again from a busy server, and every reply is read or released', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const times = asked.filter((url) => url === request.url).length
      if (request.url === '/busy' && times < 3) response.writeHead(429, { 'retry-after': '0' }).end('later')
      else if (request.url === '/down') response.writeHead(503, { 'retry-after': '0' }).end('down')
      else response.end(image)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    try {
      const folder = await folderOf({ 'r.jsonl': rows(`${base}/busy`, `${base}/down`, `${base}/fine`) })
      const { rows: found } = await read(folder, { allowUrls: 'local' })
      expect(found.map(({ row }) => row.failure?.reason)).toEqual([undefined, 'image-unreachable', undefined])
      expect(found[1]?.row.failure?.detail).toBe(`${base}/down answers 503, 3 times`)
      expect(asked.toSorted()).toEqual(['/busy', '/busy', '/busy', '/down', '/down', '/down', '/fine'])
    } finally {
      server.close()
    }
  })

  it('may be in a folder that an option names', async () => {
    const elsewhere = await folderOf({ 'a.png': image })
    const folder = await folderOf({ 'r.jsonl': rows('a.png', join(elsewhere, 'a.png')) })
    const { short } = await read(join(folder, 'r.jsonl'), { images: [elsewhere] })
    expect(short.map(({ pictures }) => pictures)).toEqual([1, 1])
  })
})

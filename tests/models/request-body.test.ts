import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { contentKey } from '../../models/content-key.ts'
import { partsOf, requestBody } from '../../models/request-body.ts'
import { openEngine, pictured, question } from './asking.ts'
import { FakeEndpoint, lastText } from './fake-endpoint.ts'

const endpoint = new FakeEndpoint().resolved()
const images = { dataUrl: (hash: string) => Promise.resolve(`data:image/png;base64,${hash}`) }

it('is the same JSON as if written at once, in ASCII, whatever the texts and pictures are', async () => {
  const message = fc.record({
    role: fc.constantFrom<'system' | 'user' | 'assistant'>('system', 'user', 'assistant'),
    text: fc.string({ unit: 'binary' }),
    images: fc.option(
      fc.array(
        fc.oneof(fc.base64String(), fc.string({ unit: fc.constantFrom('A', '"', '\\', '\n', '\r', 'ä', '🙂') })),
        { maxLength: 3 },
      ),
      {
        nil: undefined,
      },
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 4 }), fc.string(), async (messages, model) => {
      const asked = question('', {
        messages: messages.map(({ images: pictures, ...rest }) => (pictures ? { ...rest, images: pictures } : rest)),
      })
      const { params, pictures } = await requestBody({ ...endpoint, model }, asked, images)
      const text = partsOf(JSON.stringify(params), pictures).join('')
      expect(Buffer.byteLength(text)).toBe(text.length)
      expect(JSON.parse(text)).toEqual({
        model,
        messages: messages.map(({ role, text: said, images: hashes }) => ({
          role,
          content: hashes?.length
            ? [
                ...hashes.map((hash) => ({
                  type: 'image_url',
                  image_url: { url: `data:image/png;base64,${hash}` },
                })),
                { type: 'text', text: said },
              ]
            : said,
        })),
        temperature: 0.7,
        top_p: 0.95,
        max_tokens: 64,
        seed: 1,
        n: 1,
      })
    }),
  )
})

it('reaches the server unchanged', async () => {
  const server = await new FakeEndpoint().start()
  const engine = openEngine({ endpoints: [server.resolved()] })
  const text = 'Größe „½“ 数 🙂 \u0000 \\ "'
  await engine.ask(question(text, { messages: [{ role: 'user', text, images: ['A'.repeat(300_000)] }] }))
  expect(lastText(server.requests[0]!)).toBe(text)
  await engine.close()
  await server.stop()
})

it('asks for pictures in multiples of the patch that the endpoint names', async () => {
  const asked: unknown[][] = []
  const dataUrl = (...how: unknown[]) => {
    asked.push(how)
    return Promise.resolve('data:image/png;base64,AA')
  }
  await requestBody(endpoint, pictured('aa'), { dataUrl })
  await requestBody({ ...endpoint, imagePatch: 32 }, pictured('aa'), { dataUrl })
  expect(asked).toEqual([
    ['aa', { maxPixels: 1_003_520 }],
    ['aa', { maxPixels: 1_003_520, patch: 32 }],
  ])
})

it('another patch makes another request if there is a picture, and older requests mean a patch of 28', () => {
  const key = (request: ReturnType<typeof question>, imagePatch?: number) =>
    contentKey({ ...request, identity: 'm', imageMaxPixels: 784, imagePatch })
  // This key is from before endpoints had a patch.
  expect(key(pictured('aa'))).toBe('d2efd86f11215de0db1d15b87bc2699937ee7077568013841e20825cba2a7eb2')
  expect(key(pictured('aa'), 28)).toBe(key(pictured('aa')))
  expect(key(pictured('aa'), 32)).not.toBe(key(pictured('aa')))
  expect(key(question('a'), 32)).toBe(key(question('a')))
})

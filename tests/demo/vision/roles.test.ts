import { assert, asyncProperty, integer, string } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { caption } from '../../../demo/teacher/captioner.ts'
import { RefusedRequest } from '../../../demo/teacher/chat-request.ts'
import { UnreadablePicture } from '../../../demo/teacher/see.ts'
import { startTeacher } from '../../../demo/teacher/server.ts'
import type { Teacher } from '../../../demo/teacher/server.ts'
import { answerer } from '../../../demo/teacher/vision/answerer.ts'
import { arbitrate } from '../../../demo/teacher/vision/arbiter.ts'
import { glance } from '../../../demo/teacher/vision/glancer.ts'
import { rate } from '../../../demo/teacher/vision/rater.ts'
import { rewriteTrace } from '../../../demo/teacher/vision/rewriter.ts'
import { demoTeacher } from '../../../demo/world.ts'
import { drawCases, promptOf } from './pictures.ts'

const [one, two] = await drawCases(2, 21)
const picture = one?.picture ?? Buffer.alloc(0)
const question = { question: 'How many shapes are there?' }
const given = {
  answer: '2',
  explanation: 'x',
  reasoning: 'x',
  first: '1',
  second: '2',
  questions: '- What is at the top left?',
}

/** Every role with each of its prompts: the model, its function, and the prompt's name. */
const roles = [
  ['demo-captioner', caption, 'describe-v1'],
  ['demo-captioner', caption, 'pseudo-cot-v1'],
  ['demo-captioner', caption, 'describe-for-question-v1'],
  ['demo-glancer', glance, 'describe-v1'],
  ['demo-answerer', answerer, 'answer-missing-v1'],
  ['demo-answerer', answerer, 'merge-v1'],
  ['demo-answerer', answerer, 'answer-picture-v1'],
  ['demo-arbiter', arbitrate, 'arbitrate-v1'],
  ['demo-rewriter', rewriteTrace, 'rewrite-v1'],
  ['demo-rater', rate, 'rate-v1'],
] as const

describe.each(roles)('%s', (model, role, name) => {
  const prompt = promptOf(name, question, given)

  test(`answers ${name} in the same words for the same picture, prompt and seed`, async () => {
    const replies = await Promise.all([7, 7].map((seed) => role(picture, prompt, seed, demoTeacher)))
    expect(replies[0]).toBe(replies[1])
    expect(replies[0]?.trim()).not.toBe('')
    const others = await Promise.all(Array.from({ length: 60 }, (_, seed) => role(picture, prompt, seed, demoTeacher)))
    expect(new Set(others).size).toBeGreaterThan(1)
    const seeds = Array.from({ length: 60 }, (_, seed) => role(picture, prompt, 3, { ...demoTeacher, seed }))
    expect(new Set(await Promise.all(seeds)).size).toBeGreaterThan(1)
  })

  test(`refuses bytes that are no picture with ${name}`, async () => {
    await expect(role(Buffer.from('none'), prompt, 0, demoTeacher)).rejects.toThrow(UnreadablePicture)
  })

  test(`refuses the prompts of other roles, and never fails on its own, with ${name}`, async () => {
    const own = new Set<string>(roles.filter(([each]) => each === model).map(([, , each]) => each))
    for (const [, , other] of roles.filter(([, , each]) => !own.has(each))) {
      const refusal = role(picture, promptOf(other, question, given), 0, demoTeacher)
      await expect(refusal).rejects.toThrow(RefusedRequest)
      await expect(refusal).rejects.toThrow(new RegExp(`^${model} is a program of rules`))
    }
    await assert(
      asyncProperty(string(), string(), integer({ min: 0 }), async (asked, text, seed) => {
        const values = { answer: text, explanation: text, reasoning: text, first: text, second: text, questions: text }
        const hostile = promptOf(name, { question: `${asked.replaceAll('\n', ' ')}?` }, values)
        expect(typeof (await role(picture, hostile, seed, demoTeacher))).toBe('string')
      }),
      { numRuns: 30 },
    )
  })
})

describe('over the protocol', () => {
  let teacher: Teacher
  beforeAll(async () => {
    teacher = await startTeacher({ port: 0, host: '127.0.0.1' })
  })
  afterAll(() => teacher.close())

  async function ask(
    model: string,
    text: string,
    pictures: readonly Buffer[],
  ): Promise<{ status: number; body: unknown }> {
    const images = pictures.map((each) => ({
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${each.toString('base64')}` },
    }))
    const content = [{ type: 'text', text }, ...images]
    const body = JSON.stringify({ model, messages: [{ role: 'user', content }], seed: 3 })
    const reply = await fetch(`${teacher.url}/v1/chat/completions`, { method: 'POST', body })
    return { status: reply.status, body: await reply.json() }
  }

  test.each(roles)(
    '%s takes one picture, no fewer and no more, and only prompts such as its own',
    async (model, role, name) => {
      const prompt = promptOf(name, question, given)
      const content = await role(picture, prompt, 3, demoTeacher)
      expect(await ask(model, prompt, [picture])).toMatchObject({
        status: 200,
        body: { choices: [{ message: { content } }] },
      })
      for (const pictures of [[], [picture, two?.picture ?? picture]]) {
        const message = `${model} looks at exactly one picture a request, not ${pictures.length}.`
        const error = { type: 'invalid_request_error', code: 'invalid_value', param: 'messages', message }
        expect(await ask(model, prompt, pictures)).toMatchObject({ status: 400, body: { error } })
      }
      const error = { type: 'invalid_request_error', code: 'invalid_value', param: 'messages' }
      const stranger = promptOf('screen-v1', question, { description: 'x', type: 'choice' })
      expect(await ask(model, stranger, [picture])).toMatchObject({ status: 400, body: { error } })
    },
  )
})

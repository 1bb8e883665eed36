import { expect, it } from 'vitest'
import type { Recipe } from '../../domain/recipe/recipe.ts'
import { abstentions, graderOf } from '../../evaluation/grader.ts'
import { AskFailure } from '../../models/ask.ts'
import { Outage } from '../../models/failures.ts'
import { FakeAsk, row, trace } from '../data/rows.ts'

const item = row({ kind: 'text', answer: 'Because it rained heavily during the whole night before' })
const said = { text: trace('x', 'A lot of rain came down before the morning'), finishReason: 'stop' as const }

const endpoint = { url: 'http://localhost:9/v1', model: 'm', concurrency: 1, timeoutSeconds: 9, imageMaxPixels: 784 }
const recipe: Pick<Recipe, 'endpoints'> = { endpoints: { checker: endpoint } }

const judgeOver = (answer: ConstructorParameters<typeof FakeAsk>[0]) => {
  const fake = new FakeAsk(answer)
  return { fake, grade: graderOf(recipe, { judge: 'checker' }).open(fake.ask) }
}

it('never sends a cut reply, a rule’s verdict or an item for rules alone to the judge', async () => {
  const { fake, grade } = judgeOver(() => ({ text: 'tier: correct' }))
  expect(await grade(item, { ...said, finishReason: 'length' })).toMatchObject({ reason: 'free-text' })
  expect(await grade(row({ answer: '4' }), { ...said, text: '3' })).toMatchObject({ correct: false })
  expect(await grade({ ...item, metadata: { reward: 'rule' } }, said)).toMatchObject({ correct: false })
  expect(fake.requests).toHaveLength(0)
  expect(await grade(item, said)).toMatchObject({ correct: true, reason: 'judged-correct' })
})

it('gives no point for an answer that is only mostly right', async () => {
  const { grade } = judgeOver(() => ({ text: 'The time is missing.\ntier: mostly' }))
  expect(await grade(item, said)).toMatchObject({
    correct: false,
    verdict: 'incorrect',
    reason: 'judged-mostly',
  })
})

it('counts a call that failed for good as an abstention, and throws an outage', async () => {
  const failing = (error: Error) =>
    judgeOver(() => {
      throw error
    }).grade
  const graded = await failing(new AskFailure('http-400', 'too long'))(item, said)
  expect(graded).toMatchObject({ correct: false, verdict: 'unverifiable', reason: 'judge-http-400' })
  expect(abstentions([{ ...graded, itemId: 'r1', requestKey: null, truncated: false }])).toBe(1)
  await expect(failing(new Outage('away'))(item, said)).rejects.toThrow('away')
})

it('asks no model if the benchmark names no judge, and refuses a judge that is not an endpoint', async () => {
  const rules = graderOf(recipe, {})
  expect(rules).toMatchObject({ model: null, identity: { judge: null } })
  const { fake } = judgeOver(() => ({ text: 'tier: correct' }))
  expect(await rules.open(fake.ask)(item, said)).toMatchObject({ correct: false, reason: 'free-text' })
  expect(fake.requests).toHaveLength(0)
  expect(() => graderOf(recipe, { judge: 'gone' })).toThrow('a benchmark\'s judge "gone" is no endpoint')
})

it('takes a judge whose URL is in the preset of its provider', () => {
  const { url: _, ...bare } = endpoint
  const endpoints = { checker: { ...bare, provider: 'openai' as const } }
  expect(graderOf({ endpoints }, { judge: 'checker' }).model).toMatchObject({ provider: 'openai', model: 'm' })
})

it('checks answers as the recipe says, and as an item says where it says something itself', async () => {
  const policy = { form: 'any' as const, answerTags: ['[A]', '[/A]'] as [string, string] }
  const grader = graderOf({ ...recipe, policy }, {})
  expect(grader.identity).toMatchObject({ policy })
  expect(graderOf(recipe, {}).identity).not.toHaveProperty('policy')
  const grade = grader.open(() => Promise.reject(new Error('rules ask no model')))
  const given = { text: 'First 9. [A]3 + 4[/A] or 9', finishReason: 'stop' as const }
  expect(await grade(row({ answer: '7' }), given)).toMatchObject({ correct: true, extracted: '3 + 4' })
  const strict = row({ answer: '7', policy: { form: 'solved' } })
  expect(await grade(strict, given)).toMatchObject({ correct: false, reason: 'unsolved' })
})

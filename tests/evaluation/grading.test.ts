import { expect, it } from 'vitest'
import { abstentions, gradeReply } from '../../evaluation/grading.ts'
import { AskFailure } from '../../models/ask.ts'
import { Outage } from '../../models/failures.ts'
import { createJudge } from '../../verifier/judge/judge.ts'
import { FakeAsk, row, trace } from '../data/rows.ts'

const item = row({ kind: 'text', answer: 'Because it rained heavily during the whole night before' })
const said = { text: trace('x', 'A lot of rain came down before the morning'), finishReason: 'stop' as const }

const judgeOver = (answer: ConstructorParameters<typeof FakeAsk>[0]) => {
  const fake = new FakeAsk(answer)
  return { fake, judge: createJudge({ ask: fake.ask, endpoint: 'judge', model: 'm', isPatient: true }) }
}

it('never sends a cut reply, a rule’s verdict or an item for rules alone to the judge', async () => {
  const { fake, judge } = judgeOver(() => ({ text: 'tier: correct' }))
  expect(await gradeReply(item, { ...said, finishReason: 'length' }, judge)).toMatchObject({ reason: 'free-text' })
  expect(await gradeReply(row({ answer: '4' }), { ...said, text: '3' }, judge)).toMatchObject({ correct: false })
  expect(await gradeReply({ ...item, metadata: { reward: 'rule' } }, said, judge)).toMatchObject({ correct: false })
  expect(fake.requests).toHaveLength(0)
  expect(await gradeReply(item, said, judge)).toMatchObject({ correct: true, reason: 'judged-correct' })
})

it('gives nothing for an answer that is only mostly right', async () => {
  const { judge } = judgeOver(() => ({ text: 'The time is missing.\ntier: mostly' }))
  expect(await gradeReply(item, said, judge)).toMatchObject({
    correct: false,
    verdict: 'incorrect',
    reason: 'judged-mostly',
  })
})

it('counts a call that failed for good as an abstention, and lets an outage through', async () => {
  const failing = (error: Error) =>
    judgeOver(() => {
      throw error
    }).judge
  const graded = await gradeReply(item, said, failing(new AskFailure('http-400', 'too long')))
  expect(graded).toMatchObject({ correct: false, verdict: 'unverifiable', reason: 'judge-http-400' })
  expect(abstentions([{ ...graded, itemId: 'r1', requestKey: null, truncated: false }])).toBe(1)
  await expect(gradeReply(item, said, failing(new Outage('away')))).rejects.toThrow('away')
})

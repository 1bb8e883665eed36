import { expect, it } from 'vitest'
import { runShard } from '../../../data/shards/run-shard.ts'
import { verify } from '../../../data/steps/verify.ts'
import { AskFailure } from '../../../models/ask.ts'
import { Outage } from '../../../models/failures.ts'
import { judgePromptHash } from '../../../verifier/judge/prompt.ts'
import { verifierVersion } from '../../../verifier/verdict.ts'
import { context, FakeAsk, row, trace } from '../rows.ts'

const rules = verify.options.parse({ step: 'verify' })
const judged = verify.options.parse({ step: 'verify', judge: 'checker' })

/** Prose against prose: the rules cannot decide. */
const open = (changes = {}) =>
  row({
    kind: 'text',
    question: 'Why is the street wet?',
    answer: 'Because it rained heavily during the whole night before',
    trace: trace('puddles', 'There was a lot of rain before the morning came'),
    ...changes,
  })

it('asks no model without a judge, and leaves free text unverifiable', async () => {
  const fake = new FakeAsk(() => ({}))
  const [outcome] = await verify.run(open(), context(rules, fake.ask))
  expect(outcome).toMatchObject({ status: 'dropped', reason: 'unverifiable' })
  expect(outcome!.changes.verdict).toMatchObject({ verdict: 'unverifiable', verifierVersion: verifierVersion })
  expect(fake.requests).toHaveLength(0)
})

it('keeps answers that the judge grades correct, with the name of the grader', async () => {
  const fake = new FakeAsk(() => ({ text: 'Both say it rained.\ntier: correct' }))
  const [outcome] = await verify.run(open(), context(judged, fake.ask))
  expect(outcome).toMatchObject({ status: 'kept', reason: null })
  expect(outcome!.changes.verdict).toEqual({
    verdict: 'correct',
    reason: 'judged-correct',
    extracted: 'There was a lot of rain before the morning came',
    verifierVersion: `${verifierVersion}+judge-${judgePromptHash}/checker`,
  })
  expect(outcome!.requestKeys).toHaveLength(1)
  expect(fake.requests[0]!.endpoint).toBe('checker')
})

it('keeps every judged row with its verdict when it measures a model', async () => {
  const all = verify.options.parse({ step: 'verify', keep: 'all' })
  const of = async (changes: object) => (await verify.run(row(changes), context(all)))[0]!
  expect(await of({ trace: trace('one', '4') })).toMatchObject({
    status: 'kept',
    reason: null,
    changes: { verdict: { verdict: 'incorrect' } },
  })
  expect((await of({ trace: trace('one', '3') })).status).toBe('kept')
  expect((await of({ trace: null })).reason).toBe('no-trace')
})

it('names the model behind the judge if the shard knows it', async () => {
  const fake = new FakeAsk(() => ({ text: 'Both say it rained.\ntier: correct' }))
  const said: unknown[] = []
  await runShard({
    step: verify,
    rows: [open()],
    context: { ...context(judged, fake.ask), modelOf: (endpoint) => `model-of-${endpoint}` },
    concurrency: 1,
    commit: (outcomes) => {
      for (const one of outcomes) if ('changes' in one) said.push(one.changes.verdict?.verifierVersion)
      return Promise.resolve()
    },
    signal: new AbortController().signal,
  })
  expect(said).toEqual([`${verifierVersion}+judge-${judgePromptHash}/model-of-checker`])
})

it.each([
  ['No rain in it.\ntier: incorrect', 'incorrect', 'judged-incorrect', 1],
  ['It leaves out the night.\ntier: mostly', 'incorrect', 'judged-mostly', 1],
  ['Hard to say.\ntier: cannot-tell', 'unverifiable', 'judge-cannot-tell', 1],
  ['I would call this right.', 'unverifiable', 'judge-unreadable', 2],
  ['', 'unverifiable', 'judge-unreadable', 2],
])('drops what the judge says %j to', async (text, dropReason, reason, calls) => {
  const [outcome] = await verify.run(open(), context(judged, new FakeAsk(() => ({ text })).ask))
  expect(outcome).toMatchObject({ status: 'dropped', reason: dropReason, changes: { verdict: { reason } } })
  expect(outcome!.requestKeys).toHaveLength(calls)
})

it('does not use a cut judgement', async () => {
  const fake = new FakeAsk(() => ({ text: 'tier: correct', finishReason: 'length' as const }))
  const [outcome] = await verify.run(open(), context(judged, fake.ask))
  expect(outcome!.changes.verdict).toMatchObject({ verdict: 'unverifiable', reason: 'judge-unreadable' })
})

it('never asks the judge about cases that a rule decided, rows for rules alone, or answers that exhaust the rules', async () => {
  const fake = new FakeAsk(() => ({ text: 'tier: correct' }))
  const run = async (changes: object) => (await verify.run(open(changes), context(judged, fake.ask)))[0]
  const version = { verifierVersion: verifierVersion }
  expect(await run({ kind: 'number', answer: '3', trace: trace('x', '4') })).toMatchObject({
    reason: 'incorrect',
    changes: { verdict: version },
  })
  expect(await run({ metadata: { reward: 'rule' } })).toMatchObject({
    reason: 'unverifiable',
    changes: { verdict: version },
  })
  expect(await run({ trace: trace('x', 'rain '.repeat(2000)) })).toMatchObject({ changes: { verdict: version } })
  expect(await run({ trace: '<think>it never ends' })).toMatchObject({ reason: 'incorrect' })
  expect(fake.requests).toHaveLength(0)
})

it('shows the judge the whole answer, and the gold answer without its marks', async () => {
  const long = `It rained ${'and rained '.repeat(80)}until six`
  const fake = new FakeAsk(() => ({ text: 'tier: correct' }))
  const marked = open({ answer: '<answer>Because it rained heavily all night long</answer>', trace: trace('x', long) })
  await verify.run(marked, context(judged, fake.ask))
  const shown = fake.requests[0]!.messages[1]!.text
  expect(shown).toContain(`>\n${long}\n<`)
  expect(shown).toContain('>\nBecause it rained heavily all night long\n<')
})

it.each([
  ['a call that fails', new AskFailure('http-500', 'boom')],
  ['an endpoint that is away', new Outage('nobody answers')],
])('passes %s on to the shard', async (_, error) => {
  const failing = new FakeAsk(() => {
    throw error
  })
  await expect(verify.run(open(), context(judged, failing.ask))).rejects.toBe(error)
})

it('plans a second call for a judgement that cannot be read', () => {
  expect(verify.estimate(rules).calls).toEqual([])
  expect(verify.estimate(judged).calls).toMatchObject([{ option: 'judge', perRow: 2, withImages: false }])
})

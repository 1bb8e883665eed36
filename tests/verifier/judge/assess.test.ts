import { describe, expect, expectTypeOf, it } from 'vitest'
import { assess, finalVerdict } from '../../../verifier/judge/assess.ts'
import type { RuleAssessment, AskedCase } from '../../../verifier/judge/assess.ts'
import { createJudge } from '../../../verifier/judge/judge.ts'
import type { Judge, JudgeCase } from '../../../verifier/judge/judge.ts'
import type { ReasonCode, Verdict } from '../../../verifier/verdict.ts'

const row = (verdict: Verdict, reason: ReasonCode): AskedCase => ({
  question: 'q',
  gold: 'g',
  answer: 'a',
  result: { id: '1', verdict, reason, extracted: 'a', rule: 'answer-tag' },
})

/** A judge that calls everything `correct` and keeps its requests. */
function eagerJudge(): Judge & { seen: JudgeCase[] } {
  const seen: JudgeCase[] = []
  const key = { finishReason: 'stop', promptTokens: 1, completionTokens: 1, reused: false } as const
  const ask = () => Promise.resolve({ key: 'k', text: 'tier: correct', ...key })
  const judge = createJudge({ ask, endpoint: 'judge', model: 'm' })
  return {
    ...judge,
    seen,
    judge(cases, signal) {
      seen.push(...cases)
      return judge.judge(cases, signal)
    },
  }
}

describe('the last word on a case', () => {
  const open = { ...row('unverifiable', 'free-text').result, verdict: 'unverifiable' as const }
  const about = { judged: true as const, cached: false, judgeVersion: 'v', model: 'm', requestKeys: [] }

  it('is the rule’s if a rule decided or no judge was asked', async () => {
    const cases = [row('incorrect', 'different-number'), row('unverifiable', 'free-text')]
    expect((await assess(cases, undefined)).map(finalVerdict)).toEqual([
      { verdict: 'incorrect', reason: 'different-number' },
      { verdict: 'unverifiable', reason: 'free-text' },
    ])
  })

  it.each(['mostly', 'partial', 'incorrect'] as const)(
    'is incorrect for the tier %s, however much it earns',
    (tier) => {
      const judgement = { ...about, abstained: false as const, verdict: 'incorrect' as const, tier, score: 0.5 }
      expect(finalVerdict({ by: 'judge', result: open, judgement, accuracy: 0.5 })).toEqual({
        verdict: 'incorrect',
        reason: `judged-${tier}`,
      })
    },
  )

  it('stays open if the judge abstained', () => {
    const judgement = {
      ...about,
      abstained: true as const,
      verdict: 'unverifiable' as const,
      score: null,
      reason: 'blank',
    }
    expect(finalVerdict({ by: 'judge', result: open, judgement, accuracy: null })).toEqual({
      verdict: 'unverifiable',
      reason: 'judge-blank',
    })
  })
})

describe('assess', () => {
  it('never sends a verdict of the rules to the judge, and keeps it', async () => {
    const judge = eagerJudge()
    const cases = [row('incorrect', 'different-number'), row('correct', 'same-text'), row('unverifiable', 'free-text')]
    const assessments = await assess(cases, judge)
    expect(assessments.map(({ by, accuracy }) => [by, accuracy])).toEqual([
      ['rule', 0],
      ['rule', 1],
      ['judge', 1],
    ])
    expect(assessments.map(({ result }) => result)).toEqual(cases.map(({ result }) => result))
    expect(judge.seen).toHaveLength(1)
  })

  it('leaves cases open that exceed the rules, that only a policy can decide, or that have broken data', async () => {
    const judge = eagerJudge()
    const reasons = [
      ...(['too-long', 'too-hard', 'timed-out', 'ambiguous-date', 'bad-gold'] as const),
      ...(['unsolved', 'retracted', 'cut-off'] as const),
    ]
    const assessments = await assess(
      reasons.map((reason) => row('unverifiable', reason)),
      judge,
    )
    expect(assessments.map(({ by, accuracy }) => [by, accuracy])).toEqual(reasons.map(() => ['none', null]))
    expect(judge.seen).toEqual([])
  })

  it.each(['not-understood', 'unread', 'free-text', 'contains-gold'] as const)('asks about %s', async (reason) => {
    const judge = eagerJudge()
    expect(await assess([row('unverifiable', reason)], judge)).toMatchObject([{ by: 'judge', accuracy: 1 }])
  })

  it('leaves every open case open without a judge', async () => {
    expect(await assess([row('unverifiable', 'free-text')], undefined)).toMatchObject([{ by: 'none', accuracy: null }])
  })

  it('has no type for a judgement beside a rule’s verdict, and a judge accepts only open verdicts', () => {
    expectTypeOf<RuleAssessment>().not.toHaveProperty('judgement')
    expectTypeOf<NonNullable<JudgeCase['verdict']>>().toEqualTypeOf<'unverifiable'>()
    // @ts-expect-error a rule's verdict is not for a judge
    const refused: JudgeCase = { question: 'q', gold: 'g', answer: 'a', verdict: 'incorrect' }
    expect(refused.verdict).toBe('incorrect')
  })
})

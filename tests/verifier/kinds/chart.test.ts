import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkChart } from '../../../verifier/kinds/chart.ts'
import { assertSteady, check, hostileTexts, saidBy, textsOf, verdictsBothWays } from './rule-tests.ts'

const said = saidBy(checkChart)

describe('an answer about a chart', () => {
  it.each([
    ['100', '100', 'same-number'],
    ['100', '95', 'within-5-percent'],
    ['100', '105', 'within-5-percent'],
    ['100', '94.9', 'incorrect different-number'],
    ['100', '105.01', 'incorrect different-number'],
    ['95', '100', 'incorrect different-number'],
    ['-100', '-104', 'within-5-percent'],
    ['-5', '5', 'incorrect different-number'],
    ['0', '0.0', 'same-number'],
    ['0', '0.01', 'incorrect different-number'],
    ['3.5', '3.6', 'within-5-percent'],
    ['3.5', '35', 'incorrect different-number'],
    ['3.5', 'high', 'incorrect not-a-number'],
    ['2015', '2015', 'same-number'],
    ['2015', '2016', 'incorrect different-number'],
    ['2015.0', '2016', 'within-5-percent'],
    ['3015', '3016', 'within-5-percent'],
    ['45%', '45', 'same-number'],
    ['45', '45%', 'same-number'],
    ['45', '46%', 'within-5-percent'],
    ['45%', '0.45', 'percent-scale'],
    ['45%', '0.46', 'incorrect different-number'],
    ['$5', '5', 'same-number'],
    ['$5', '€5', 'incorrect different-unit'],
    ['5 kg', '5 cm', 'incorrect different-unit'],
    ['5 apples', '5 apple', 'same-number'],
    ['1.5 million', '1500000', 'same-number'],
    ['5M', '5.1 million', 'within-5-percent'],
    ['2.5k', '2,500', 'same-number'],
    ['3bn', '3 billion', 'same-number'],
    ['3bn', '3 million', 'incorrect different-number'],
    ['1,000', '1000', 'same-number'],
    ['about 12', '12', 'same-number'],
    ['Blue', 'blue', 'same-text'],
    ['Blue', 'the blue', 'same-text'],
    ['Blue', 'light blue', 'incorrect different-text'],
    ['Blue', '5', 'incorrect different-text'],
    ['Yes', 'Yes, it is', 'same-yesno'],
    ['Yes', 'No', 'incorrect different-yesno'],
    ['[1, 2]', '[1, 2.05]', 'same-list'],
    ['[1, 2]', '1, 2', 'same-list'],
    ['[1, 2]', '[2, 1]', 'incorrect different-list'],
    ['[1, 2]', '[1]', 'incorrect different-list'],
    ['["a","b"]', '[a, b]', 'same-list'],
    ['["a","b"]', '["b","a"]', 'incorrect different-list'],
    ['[Blue, 5]', '[blue, 5.1]', 'same-list'],
    ['[2015, 2016]', '[2015, 2017]', 'incorrect different-list'],
    ['', '5', 'unverifiable bad-gold'],
    ['5', '5'.repeat(4_001), 'unverifiable too-long'],
  ])('%s answered by %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it('accepts years within 5 % and percents as written if the row says so', () => {
    expect(said('2015', '2016', { policy: { years: 'relaxed' } })).toBe('within-5-percent')
    expect(said('2015', '1500', { policy: { years: 'relaxed' } })).toBe('incorrect different-number')
    expect(said('45%', '0.45', { policy: { percent: 'strict' } })).toBe('incorrect different-number')
  })

  it('accepts exactly the numbers within a twentieth of the gold', () => {
    const number = fc.integer({ min: -1_000_000, max: 1_000_000 })
    fc.assert(
      fc.property(number, fc.integer({ min: -120, max: 120 }), (gold, thousandths) => {
        const answer = gold * 1000 + gold * thousandths
        const text = `${answer < 0 ? '-' : ''}${Math.floor(Math.abs(answer) / 1000)}.${String(Math.abs(answer) % 1000).padStart(3, '0')}`
        const within = gold === 0 || Math.abs(thousandths) <= 50
        expect(check(checkChart, `${gold}.0`, text).verdict).toBe(within ? 'correct' : 'incorrect')
      }),
    )
  })

  const marks = ['1', '2', '.', ',', '%', '[', ']', ' ', 'k', 'M', '$', 'blue', '"', '-', 'million', '/']
  it('never throws and gives the same verdict again', () => {
    expect(() => assertSteady(checkChart, textsOf(marks, 10))).not.toThrow()
  })

  it('accepts the gold itself', () => {
    const known = fc.oneof(
      fc.integer().map(String),
      fc.constantFrom('Blue', '[1, 2]', '45%', '$5', '1.5 million', '5M', 'Yes'),
    )
    fc.assert(
      fc.property(known, (gold) => {
        expect(check(checkChart, gold, gold).verdict).toBe('correct')
      }),
    )
  })

  it.each(hostileTexts)('is not a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkChart, '31337', text)).not.toContain('correct')
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkDate, isDateGold } from '../../../verifier/kinds/date.ts'
import {
  assertSteady,
  hostileTexts,
  misread,
  saidBothWays,
  saidBy,
  symmetric,
  textsOf,
  verdictsBothWays,
} from './rule-tests.ts'

const said = saidBy(checkDate)

describe('a date', () => {
  it.each([
    '2024-03-05', 'March 5, 2024', '5 March 2024', 'Mar 5 2024', 'Mar. 5, 2024', '5th of March, 2024', 'the 5th day of March, 2024',
    '2024/3/5', '2024. 3. 5', '2024年3月5日', '2024年3月5号', '二〇二四年三月五日', '05-Mar-2024', 'Tuesday, March 5, 2024', 'Tue 3/5/2024',
    '星期二，2024年3月5日', 'It was on March 5, 2024.', '2024-03-05 00:00:00', '2024-03-05T00:00:00Z', 'March 5, 2024 (2024-03-05)',
    '3/5/2024 (March 5, 2024)', '\\text{March 5, 2024}', '2024–03–05', '２０２４－０３－０５', 'MARCH 5TH, 2024', '2024 March 5',
  ])('2024-03-05 is written as %s', (answer) => {
    expect(saidBothWays(said, '2024-03-05', answer)).toEqual(['same-date', 'same-date'])
  }) // prettier-ignore

  it.each([
    ['2024-03-05', 'March 6, 2024', 'incorrect different-date'],
    ['2024-03-05', 'March 5, 2025', 'incorrect different-date'],
    ['2024-03-05', '2024-05-03', 'incorrect different-date'],
    ['2024-03-05', '7/8/2024', 'incorrect different-date'],
    ['2024-03-05', 'March 2024', 'incorrect different-date'],
    ['2024-03-05', '2024', 'incorrect different-date'],
    ['2024-03-05', 'March 5', 'incorrect different-date'],
    ['2024-03-05', 'March 5-7, 2024', 'incorrect different-date'],
    ['2024-03-05', 'Monday, March 5, 2024', 'incorrect contradiction'],
    ['2024-03-05', 'Monday, Tuesday, March 5, 2024', 'incorrect contradiction'],
    ['2024-03-05', 'not March 5, 2024', 'incorrect hedged'],
    ['2024-03-05', 'March 5 or March 6, 2024', 'incorrect hedged'],
    ['2024-03-05', 'maybe March 5, 2024', 'incorrect hedged'],
    ['2024-03-05', 'March 5, 2024, March 6, 2024', 'incorrect hedged'],
    ['2024-03-05', '不是2024年3月5日', 'incorrect hedged'],
    ['2024-03-05', '2024-02-30', 'incorrect not-a-date'],
    ['2024-03-05', '2024-13-05', 'incorrect not-a-date'],
    ['2024-03-05', '12024-03-05', 'incorrect not-a-date'],
    ['2024-03-05', '2024-03-051', 'incorrect not-a-date'],
    ['2024-03-05', '2023-02-29', 'incorrect not-a-date'],
    ['2024-03-05', 'soon', 'incorrect not-a-date'],
    ['2024-03-05', '3/5/2024', 'unverifiable ambiguous-date'],
    ['2024-03-05', '05.03.2024', 'unverifiable ambiguous-date'],
    ['2024-03-05', '3/5/24', 'unverifiable ambiguous-date'],
    ['2024-03-05', 'two days after March 5, 2024', 'unverifiable not-understood'],
    ['2024-03-05', 'before March 5, 2024', 'unverifiable not-understood'],
    ['2024-03-05', 'March 5, 2024 BC', 'unverifiable not-understood'],
    ['2024-03-05', 'March 5, 2024 in room 12', 'unverifiable not-understood'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    ['3/5/2024', '03/05/2024', 'same-date'],
    ['3/5/2024', '5/3/2024', 'unverifiable ambiguous-date'],
    ['5/5/2024', 'May 5, 2024', 'same-date'],
    ['25/3/2024', 'March 25, 2024', 'same-date'],
    ['3/25/2024', '25 March 2024', 'same-date'],
    ['3/5/24', '3/5/24', 'same-date'],
    ['1969', 'in 1969', 'same-date'],
    ['1969', '1968', 'incorrect different-date'],
    ['1969', 'July 20, 1969', 'incorrect different-date'],
    ['March 2024', '2024-03', 'same-date'],
    ['March 2024', '2024年3月', 'same-date'],
    ['March', 'in March', 'same-date'],
    ['March 5', '5 March', 'same-date'],
    ['March 5', '3月5日', 'same-date'],
    ['Monday, March 5', 'Tuesday, March 5', 'incorrect different-date'],
    ['2000-02-29', 'Feb 29, 2000', 'same-date'],
    ['1900-02-29', 'Feb 29, 1900', 'unverifiable bad-gold'],
    ['next week', 'next week', 'unverifiable bad-gold'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it('is read in the order that the row names', () => {
    expect(said('2024-03-05', '3/5/2024', { policy: { dateOrder: 'mdy' } })).toBe('same-date')
    expect(said('2024-03-05', '3/5/2024', { policy: { dateOrder: 'dmy' } })).toBe('incorrect different-date')
    expect(said('2024-03-05', '05.03.2024', { policy: { dateOrder: 'dmy' } })).toBe('same-date')
    expect(said('2024-03-25', '3/25/2024', { policy: { dateOrder: 'dmy' } })).toBe('same-date')
  })

  it('is a gold date only if nothing else is meant', () => {
    expect(
      misread(
        isDateGold,
        ['2024-03-05', 'March 5, 2024', '5 March 2024', '3/5/2024', '2024/3/5', '2024年3月5日', '05.03.2024'],
        ['2024', '5', '2024-3-5', '3.5.2024', '2/3', 'may', 'March', '3/5', '1-2-3', '2024-13-01', '12/31', ''],
      ),
    ).toEqual([])
  })

  it('is different from every other day, in every form', () => {
    const day = fc.integer({ min: Date.UTC(1600, 0, 1) / 86_400_000, max: Date.UTC(2400, 0, 1) / 86_400_000 })
    const names = 'January February March April May June July August September October November December'.split(' ')
    const forms = (n: number): string[] => {
      const at = new Date(n * 86_400_000)
      const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()]
      const week = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')[at.getUTCDay()]
      return [
        at.toISOString().slice(0, 10),
        `${names[m - 1]} ${d}, ${y}`,
        `${week}, ${d} ${names[m - 1]} ${y}`,
        `${y}年${m}月${d}日`,
      ]
    }
    fc.assert(
      fc.property(day, day, fc.nat(3), fc.nat(3), (a, b, i, k) => {
        const verdict = said(forms(a)[i] ?? '', forms(b)[k] ?? '')
        expect(verdict).toBe(a === b ? 'same-date' : 'incorrect different-date')
        expect(said(forms(a)[i] ?? '', forms(a)[k] ?? '')).toBe('same-date')
      }),
    )
  })

  const marks = [
    'March', '5', ',', ' ', '2024', '/', '-', '.', '3', 'not', 'or', 'Tuesday', '年', '月', '日', 'of', '24',
  ] // prettier-ignore
  it('never throws, gives the same verdict again, and is symmetric where it says correct', () => {
    expect(() => assertSteady(checkDate, textsOf(marks, 12), symmetric(checkDate))).not.toThrow()
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkDate, '1999-12-31', text)).not.toContain('correct')
  })
})

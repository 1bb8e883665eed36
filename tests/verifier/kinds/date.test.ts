import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDateGold, checkDate } from '../../../verifier/kinds/date.ts'
import { hostileTexts, checkWith } from './context.ts'

const said = (gold: string, answer: string, policy = {}): string => {
  const { verdict, reason } = checkWith(checkDate, gold, answer, policy)
  return verdict === 'correct' ? 'correct' : `${verdict} ${reason}`
}

describe('a date', () => {
  it.each([
    '2024-03-05', 'March 5, 2024', '5 March 2024', 'Mar 5 2024', 'Mar. 5, 2024', '5th of March, 2024', 'the 5th day of March, 2024',
    '2024/3/5', '2024. 3. 5', '2024年3月5日', '2024年3月5号', '二〇二四年三月五日', '05-Mar-2024', 'Tuesday, March 5, 2024', 'Tue 3/5/2024',
    '星期二，2024年3月5日', 'It was on March 5, 2024.', '2024-03-05 00:00:00', '2024-03-05T00:00:00Z', 'March 5, 2024 (2024-03-05)',
    '3/5/2024 (March 5, 2024)', '\\text{March 5, 2024}', '2024–03–05', '２０２４－０３－０５', 'MARCH 5TH, 2024', '2024 March 5',
  ])('2024-03-05 is written as %s', (answer) => {
    expect(said('2024-03-05', answer)).toBe('correct')
    expect(said(answer, '2024-03-05')).toBe('correct')
  }) // prettier-ignore

  it.each([
    ['March 6, 2024', 'incorrect different-date'],
    ['March 5, 2025', 'incorrect different-date'],
    ['2024-05-03', 'incorrect different-date'],
    ['7/8/2024', 'incorrect different-date'],
    ['March 2024', 'incorrect different-date'],
    ['2024', 'incorrect different-date'],
    ['March 5', 'incorrect different-date'],
    ['March 5-7, 2024', 'incorrect different-date'],
    ['Monday, March 5, 2024', 'incorrect contradiction'],
    ['Monday, Tuesday, March 5, 2024', 'incorrect contradiction'],
    ['not March 5, 2024', 'incorrect hedged'],
    ['March 5 or March 6, 2024', 'incorrect hedged'],
    ['maybe March 5, 2024', 'incorrect hedged'],
    ['March 5, 2024, March 6, 2024', 'incorrect hedged'],
    ['不是2024年3月5日', 'incorrect hedged'],
    ['2024-02-30', 'incorrect not-a-date'],
    ['2024-13-05', 'incorrect not-a-date'],
    ['12024-03-05', 'incorrect not-a-date'],
    ['2024-03-051', 'incorrect not-a-date'],
    ['2023-02-29', 'incorrect not-a-date'],
    ['soon', 'incorrect not-a-date'],
    ['3/5/2024', 'unverifiable ambiguous-date'],
    ['05.03.2024', 'unverifiable ambiguous-date'],
    ['3/5/24', 'unverifiable ambiguous-date'],
    ['two days after March 5, 2024', 'unverifiable not-understood'],
    ['before March 5, 2024', 'unverifiable not-understood'],
    ['March 5, 2024 BC', 'unverifiable not-understood'],
    ['March 5, 2024 in room 12', 'unverifiable not-understood'],
  ])('2024-03-05 against %s is %s', (answer, want) => {
    expect(said('2024-03-05', answer)).toBe(want)
  })

  it.each([
    ['3/5/2024', '03/05/2024', 'correct'],
    ['3/5/2024', '5/3/2024', 'unverifiable ambiguous-date'],
    ['5/5/2024', 'May 5, 2024', 'correct'],
    ['25/3/2024', 'March 25, 2024', 'correct'],
    ['3/25/2024', '25 March 2024', 'correct'],
    ['3/5/24', '3/5/24', 'correct'],
    ['1969', 'in 1969', 'correct'],
    ['1969', '1968', 'incorrect different-date'],
    ['1969', 'July 20, 1969', 'incorrect different-date'],
    ['March 2024', '2024-03', 'correct'],
    ['March 2024', '2024年3月', 'correct'],
    ['March', 'in March', 'correct'],
    ['March 5', '5 March', 'correct'],
    ['March 5', '3月5日', 'correct'],
    ['Monday, March 5', 'Tuesday, March 5', 'incorrect different-date'],
    ['2000-02-29', 'Feb 29, 2000', 'correct'],
    ['1900-02-29', 'Feb 29, 1900', 'unverifiable bad-gold'],
    ['next week', 'next week', 'unverifiable bad-gold'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it('is read in the order that the row names', () => {
    expect(said('2024-03-05', '3/5/2024', { dateOrder: 'mdy' })).toBe('correct')
    expect(said('2024-03-05', '3/5/2024', { dateOrder: 'dmy' })).toBe('incorrect different-date')
    expect(said('2024-03-05', '05.03.2024', { dateOrder: 'dmy' })).toBe('correct')
    expect(said('2024-03-25', '3/25/2024', { dateOrder: 'dmy' })).toBe('correct')
  })

  it('is a gold date only where nothing else is meant', () => {
    const texts = ['2024-03-05', 'March 5, 2024', '5 March 2024', '3/5/2024', '2024/3/5', '2024年3月5日', '05.03.2024']
    expect(texts.filter((text) => !isDateGold(text))).toEqual([])
    const others = [
      '2024',
      '5',
      '2024-3-5',
      '3.5.2024',
      '2/3',
      'may',
      'March',
      '3/5',
      '1-2-3',
      '2024-13-01',
      '12/31',
      '',
    ]
    expect(others.filter(isDateGold)).toEqual([])
  })

  it('is told from every other day, in every form', () => {
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
        expect(verdict).toBe(a === b ? 'correct' : 'incorrect different-date')
        expect(said(forms(a)[i] ?? '', forms(a)[k] ?? '')).toBe('correct')
      }),
    )
  })

  it('never throws, gives the same verdict again, and is symmetric where it says correct', () => {
    const part = fc.constantFrom(
      'March',
      '5',
      ',',
      ' ',
      '2024',
      '/',
      '-',
      '.',
      '3',
      'not',
      'or',
      'Tuesday',
      '年',
      '月',
      '日',
      'of',
      '24',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, text, (gold, answer) => {
        const verdict = said(gold, answer)
        expect(said(gold, answer)).toBe(verdict)
        expect(said(answer, gold) === 'correct').toBe(verdict === 'correct')
      }),
      { numRuns: 1000 },
    )
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(said('1999-12-31', text)).not.toBe('correct')
    expect(said(text, '1999-12-31')).not.toBe('correct')
  })
})

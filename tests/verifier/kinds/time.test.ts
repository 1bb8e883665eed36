import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkTime, isTimeGold } from '../../../verifier/kinds/time.ts'
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

const said = saidBy(checkTime)

describe('a time of day', () => {
  it.each([
    '15:30', '3:30 PM', '3:30PM', '3.30pm', '3:30 p.m.', '15:30:00', '15:30 hours', 'half past three in the afternoon', 'three thirty pm',
    '下午3点30分', '下午三点半', '下午3:30', '15时30分', 'It is 3:30 PM.', '15:30 (3:30 PM)', '３：３０ＰＭ', '\\text{3:30 PM}', 'at 3:30 PM',
  ])('15:30 is written as %s', (answer) => {
    expect(saidBothWays(said, '15:30', answer)).toEqual(['same-time', 'same-time'])
  }) // prettier-ignore

  it.each([
    ['15:30', '3:30', 'incorrect different-time'],
    ['15:30', '3:30 AM', 'incorrect different-time'],
    ['15:30', '15:31', 'incorrect different-time'],
    ['15:30', '15:30:01', 'incorrect different-time'],
    ['15:30', '3 PM', 'incorrect different-time'],
    ['15:30', 'not 3:30 PM', 'incorrect hedged'],
    ['15:30', '3:30 PM or 4 PM', 'incorrect hedged'],
    ['15:30', '3:30 PM, 4 PM', 'incorrect hedged'],
    ['15:30', '1h30', 'incorrect not-a-time'],
    ['15:30', '3 hours', 'incorrect not-a-time'],
    ['15:30', '3 hours 30 minutes', 'incorrect not-a-time'],
    ['15:30', '15:30 AM', 'incorrect not-a-time'],
    ['15:30', '25:00', 'incorrect not-a-time'],
    ['15:30', '15:60', 'incorrect not-a-time'],
    ['15:30', '15:3', 'incorrect not-a-time'],
    ['15:30', '115:30', 'incorrect not-a-time'],
    ['15:30', '15.30', 'incorrect not-a-time'],
    ['15:30', 'afternoon', 'incorrect not-a-time'],
    ['15:30', 'half past three', 'unverifiable not-understood'],
    ['15:30', '15:30 UTC', 'unverifiable not-understood'],
    ['15:30', 'before 3:30 PM', 'unverifiable not-understood'],
    ['15:30', '2 hours 15:30', 'unverifiable not-understood'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    ['12:00', '1:00', 'incorrect different-time'],
    ['12 AM', '0:00', 'same-time'],
    ['12 AM', '12 PM', 'incorrect different-time'],
    ['noon', '12:00', 'same-time'],
    ['noon', '12 PM', 'same-time'],
    ['midnight', '12 AM', 'same-time'],
    ['midnight', 'noon', 'incorrect different-time'],
    ['midnight', '12 at night', 'same-time'],
    ['0:00', '晚上12点', 'same-time'],
    ['1:00 AM', '凌晨1点', 'same-time'],
    ["3 o'clock", '3:00', 'same-time'],
    ['three o’clock', '3:00', 'same-time'],
    ["three o'clock", '3 PM', 'unverifiable not-understood'],
    ['half past three', '3:30', 'same-time'],
    ['quarter to five', '4:45', 'same-time'],
    ['a quarter past five', '5:15', 'same-time'],
    ['quarter to five', '5:15', 'incorrect different-time'],
    ['ten past four', '4:10', 'same-time'],
    ['twenty-five to six', '5:35', 'same-time'],
    ['7:05', '7:50', 'incorrect different-time'],
    ['03:30', '3:30', 'same-time'],
    ['3:30', '3:30 AM', 'same-time'],
    ['3:30 PM EST', '15:30 EST', 'same-time'],
    ['3:30 PM EST', '3:30 PM PST', 'unverifiable not-understood'],
    ['three', 'three', 'unverifiable bad-gold'],
    ['9 PM', '晚上9点', 'same-time'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it('is a gold time only if nothing else is meant', () => {
    expect(
      misread(
        isTimeGold,
        ['15:30', '03:30', '3:30 PM', '3:30:15', 'noon', 'half past three', "3 o'clock", '下午3点30分', '3pm'],
        ['2:3', '7:32', '3', '1.30', 'ten to one', 'three', '三点五', '3点', '1h30', '3:4:5', '99:10', ''],
      ),
    ).toEqual([])
  })

  it('is different from every other minute, on both clocks', () => {
    const two = (n: number): string => String(n).padStart(2, '0')
    const on24 = (t: number): string => `${two(Math.floor(t / 60))}:${two(t % 60)}`
    const on12 = (t: number): string =>
      `${((Math.floor(t / 60) + 11) % 12) + 1}:${two(t % 60)} ${t < 720 ? 'AM' : 'PM'}`
    const minute = fc.nat(1439)
    fc.assert(
      fc.property(minute, minute, (a, b) => {
        expect(said(on24(a), on12(b))).toBe(a === b ? 'same-time' : 'incorrect different-time')
        expect(said(on12(a), on24(a))).toBe('same-time')
      }),
    )
  })

  const marks = [
    '3', ':', '30', ' ', 'PM', 'am', 'half past ', 'three', 'not', 'or', '点', '分', '下午', 'noon', 'UTC', '.',
  ] // prettier-ignore
  it('never throws, gives the same verdict again, and is symmetric where it says correct', () => {
    expect(() => assertSteady(checkTime, textsOf(marks, 10), symmetric(checkTime))).not.toThrow()
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkTime, '04:56', text)).not.toContain('correct')
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fractionFromWords, numberFromWords } from '../../../verifier/answers/number-words.ts'
import { hostileTexts } from '../kinds/rule-tests.ts'

describe('a number in words', () => {
  it.each([
    ['zero', 0n], ['seven', 7n], ['Twenty-One', 21n], ['ninety', 90n], ['a hundred', 100n], ['hundred', 100n], ['one hundred and five', 105n],
    ['fifteen hundred', 1500n], ['one thousand two hundred thirty-four', 1234n], ['a thousand and five', 1005n], ['two million', 2_000_000n],
    ['three billion four million and six', 3_004_000_006n], ['nine hundred ninety-nine trillion', 999_000_000_000_000n],
    ['dozen', 12n], ['a dozen', 12n], ['half a dozen', 6n], ['two dozen', 24n],
    ['零', 0n], ['十', 10n], ['十五', 15n], ['二十五', 25n], ['两百', 200n], ['一百五十', 150n], ['一百零五', 105n], ['一千零一十', 1010n],
    ['三万五千', 35_000n], ['三万零五', 30_005n], ['一亿三千万', 130_000_000n], ['二〇二四', 2024n], ['负五', -5n], ['3万', 30_000n], ['1.5万', 15_000n],
  ])('reads %s', (text, value) => {
    expect(numberFromWords(text)).toBe(value)
  }) // prettier-ignore

  it.each([
    '', 'a', 'and', 'third', 'seventh', 'one two', 'five and', 'hundred and', 'million million', 'two million million', 'one million two billion',
    'twenty hundred', 'twenty eleven', 'fivehundred', 'a dozen eggs', 'once', '5', 'no', '三四', '两三', '一百五', '三万五', '十十', '百', '零零', '三个', '一一',
  ])('does not read %s', (text) => {
    expect(numberFromWords(text)).toBeNull()
  }) // prettier-ignore

  it.each([
    ['half', 1, 2], ['one half', 1, 2], ['a third', 1, 3], ['two-thirds', 2, 3], ['three quarters', 3, 4], ['three fourths', 3, 4],
    ['twenty-one hundredths', 21, 100], ['two and a half', 5, 2], ['three point one four', 314, 100], ['point five', 5, 10],
    ['三分之一', 1, 3], ['百分之五', 5, 100], ['负三分之一', -1, 3], ['一半', 1, 2], ['三点一四', 314, 100],
  ])('reads the fraction %s', (text, n, d) => {
    expect(fractionFromWords(text)).toEqual({ n: BigInt(n), d: BigInt(d) })
  }) // prettier-ignore

  it.each([
    'third',
    'two third',
    'thirds',
    'one halves',
    'ten thousandths',
    'half past',
    'two and three halves',
    '零分之一',
    '三点',
    '分之',
    '',
  ])('does not read the fraction %s', (text) => {
    expect(fractionFromWords(text)).toBeNull()
  })

  const small =
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
      ' ',
    )
  const tens = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
  const english = (n: number): string => {
    if (n < 20) return small[n] ?? ''
    if (n < 100) return `${tens[Math.floor(n / 10)]}${n % 10 === 0 ? '' : `-${small[n % 10]}`}`
    const [scale, word] = ([[1e9, 'billion'], [1e6, 'million'], [1e3, 'thousand'], [100, 'hundred']] as const).find(([size]) => n >= size) ?? [1, '']
    return `${english(Math.floor(n / scale))} ${word}${n % scale === 0 ? '' : ` ${english(n % scale)}`}`
  } // prettier-ignore
  const chinese = (n: number): string => {
    const section = (m: number): string => {
      let out = ''
      for (const [size, mark] of [[1000, '千'], [100, '百'], [10, '十'], [1, '']] as const) {
        const digit = Math.floor(m / size) % 10
        if (digit > 0) out += `${'零一二三四五六七八九'.charAt(digit)}${mark}`
        else if (out !== '' && !out.endsWith('零') && m % size > 0) out += '零'
      }
      return out
    }
    if (n === 0) return '零'
    const [high, low] = [Math.floor(n / 10_000), n % 10_000]
    if (high === 0) return section(low)
    return `${section(high)}万${low > 0 && low < 1000 ? '零' : ''}${section(low)}`
  } // prettier-ignore

  it('is read for every number up to a trillion in English, and to a hundred million in Chinese', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(2_000_000_000), fc.nat(2_000)), (n) => {
        expect(numberFromWords(english(n))).toBe(BigInt(n))
      }),
    )
    fc.assert(
      fc.property(fc.oneof(fc.nat(99_999_999), fc.nat(2_000)), (n) => {
        expect(numberFromWords(chinese(n))).toBe(BigInt(n))
      }),
    )
  })

  it('is looked for in any text without an exception', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom(...small, 'hundred', 'and', ' ', '-', '万', '亿', '三', '分之')).map((p) => p.join('')),
    )
    fc.assert(
      fc.property(text, (t) => {
        expect(numberFromWords(t)).toBe(numberFromWords(t))
        fractionFromWords(t)
      }),
    )
  })

  it.each(hostileTexts)('is not read out of a hostile text: %#', (text) => {
    expect(numberFromWords(text)).toBeNull()
    expect(fractionFromWords(text)).toBeNull()
  })
})

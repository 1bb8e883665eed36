import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { failureLimit } from '../../cli/options.ts'

test('the limit of failed rows is a number, or a share with a percent sign', () => {
  expect(failureLimit('0')).toEqual({ rows: 0 })
  expect(failureLimit('5')).toEqual({ rows: 5 })
  expect(failureLimit('5%')).toEqual({ share: 0.05 })
  expect(failureLimit('0.5%')).toEqual({ share: 0.005 })
  expect(failureLimit('100%')).toEqual({ share: 1 })
})

test.each(['', '%', '-1', '1.5', '101%', '5 %', 'five'])('--max-failed %j is refused', (text) => {
  expect(() => failureLimit(text)).toThrow(InvalidArgumentError)
})

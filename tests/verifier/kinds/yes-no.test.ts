import { describe, expect, it } from 'vitest'
import { checkYesNo, isYesNoGold } from '../../../verifier/kinds/yes-no.ts'
import { assertSteady, hostileTexts, misread, saidBy, symmetric, textsOf } from './rule-tests.ts'

const said = saidBy(checkYesNo)

const yes = [
  'yes', 'Yes.', 'YES!', 'Y', 'T', 'true', 'yep', 'Yes, it is.', 'Yes it is', 'It is.', 'It is true', 'It’s correct', 'correct', 'Definitely yes',
  'Of course', 'Absolutely', 'not false', 'The statement is true', '\\text{Yes}', '是', '是的', '对', '正确', '没错', '有', '是红色的', '对，因为它是红的',
] // prettier-ignore
const no = [
  'no', 'No.', 'N', 'F', 'false', 'nope', 'No, it is not.', 'It is not', "It isn't", 'It is not true', "isn't true", 'not correct', 'incorrect',
  'Absolutely not', 'The statement is false', '\\text{No}', '否', '不是', '不', '不对', '错', '错误', '不正确', '没有', '不是红色的',
] // prettier-ignore

describe('yes or no', () => {
  it.each(yes)('%s says yes', (answer) => {
    expect([said('yes', answer), said(answer, 'True'), said('no', answer)]).toEqual([
      'same-yesno',
      'same-yesno',
      'incorrect different-yesno',
    ])
  })

  it.each(no)('%s says no', (answer) => {
    expect([said('no', answer), said(answer, 'False'), said('yes', answer)]).toEqual([
      'same-yesno',
      'same-yesno',
      'incorrect different-yesno',
    ])
  })

  it.each([
    ['Yes and no', 'hedged'],
    ['Yes or no', 'hedged'],
    ['True/False', 'hedged'],
    ['Yes, but no', 'hedged'],
    ['Yes. No.', 'hedged'],
    ['No, yes', 'hedged'],
    ['对，不对', 'hedged'],
    ['是或不是', 'hedged'],
    ['maybe', 'not-a-yesno'],
    ['perhaps', 'not-a-yesno'],
    ['not yes', 'not-a-yesno'],
    ['no idea', 'not-a-yesno'],
    ['no one', 'not-a-yesno'],
    ['right side', 'not-a-yesno'],
    ['yesterday', 'not-a-yesno'],
    ['north', 'not-a-yesno'],
    ['不知道', 'not-a-yesno'],
    ['不一定', 'not-a-yesno'],
    ['是否', 'not-a-yesno'],
    ['是不是', 'not-a-yesno'],
    ['有没有', 'not-a-yesno'],
    ['有点', 'not-a-yesno'],
    ['对面', 'not-a-yesno'],
    ['', 'not-a-yesno'],
    ['5', 'not-a-yesno'],
  ])('%s says neither: %s', (answer, reason) => {
    expect([said('yes', answer), said('no', answer)]).toEqual([`incorrect ${reason}`, `incorrect ${reason}`])
    expect(said(answer, 'yes')).toBe('unverifiable bad-gold')
  })

  it('is a gold answer only as a word of its own', () => {
    expect(
      misread(isYesNoGold, ['yes', 'No.', 'True', '是', '错误'], ['correct', 'right', 'Y', 'yes it is', '有', 'not']),
    ).toEqual([])
  })

  const marks = [
    'yes', 'no', 'not ', 'true', 'false', ', ', '. ', 'it is ', 'or ', '是', '不', '对', '有', '没', ' ', 'maybe',
  ] // prettier-ignore
  it('is symmetric, deterministic and never throws', () => {
    expect(() =>
      assertSteady(checkYesNo, textsOf(marks, 6), (gold, answer) => {
        symmetric(checkYesNo)(gold, answer)
        // A text never says both yes and no.
        expect([said('yes', answer), said('no', answer)].filter((one) => one === 'same-yesno').length).toBeLessThan(2)
      }),
    ).not.toThrow()
  })

  it.each(hostileTexts)('is not both in a hostile text: %#', (text) => {
    expect([said('yes', text), said('no', text)].filter((one) => one === 'same-yesno').length).toBeLessThan(2)
  })
})

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFormat } from '../../verifier/format.ts'

const tags = ['<think>', '</think>', '<answer>', '</answer>']
const variants = tags.flatMap((tag) => [
  tag,
  tag.toUpperCase(),
  tag.replace('>', ' >'),
  tag.replace('<', '< '),
  tag.replace('/', '/ '),
  tag.replace('i', 'i\u200b').replace('s', '\u00ads'),
  tag.replace('>', ' id="1">'),
  tag.replace('>', '\n\tid="1">'),
  tag.replace('>', '\n>'),
  tag.replace('>', '/>'),
  tag.replace('<', '＜').replace('>', '＞'),
])
const words = fc.string({
  unit: fc.constantFrom('a', '3', ' ', '\n', '.', '=', '中', '<', '>', '/', 'b'),
  minLength: 1,
})
/** Visible text that neither starts nor ends a tag. */
const block = words.map((w) => `x ${w} y`)

describe('the trace format', () => {
  it.each([
    ['with an explanation', '<think>a</think> It is three. <answer>3</answer>', true],
    ['with line breaks and a turn’s end', ' <think>\na\n</think>\n\n<answer>\n3\n</answer>\n<|im_end|>\n', false],
    ['with a comparison in it', '<think>3 < answer < 5 and x<think</think> So <answer>4</answer>', true],
    ['with other tags', '<think><b>a</b> <step n="1"></think> So <answer><b>4</b></answer>', true],
    ['with code', '<think>```ts\nlet a = 1\n```</think>So<answer>`4`</answer>', true],
    ['in Chinese', '<think>先看图</think>所以<answer>是</answer>', true],
  ])('holds %s', (_name, text, explanation) => {
    expect(readFormat(text)).toEqual({ held: true, explanation })
  })

  it.each([
    ['an empty thought', '<think></think>So<answer>3</answer>'],
    ['a thought of spaces', '<think> \n </think>So<answer>3</answer>'],
    ['a thought that does not show', '<think>\u200b\u2060\ufeff</think>So<answer>3</answer>'],
    ['an answer that does not show', '<think>a</think>So<answer>\u200b</answer>'],
    ['tags in an answer', '<think>a</think>So<answer><think>b</think>3</answer>'],
    ['an answer in a thought', '<think>a<answer>3</answer></think>So<answer>3</answer>'],
    ['an answer in a thought alone', '<think>a<answer>3</answer></think>'],
    ['blocks across each other', '<think>a<answer></think>3</answer>'],
    ['capitals', '<THINK>a</THINK>So<ANSWER>3</ANSWER>'],
    ['spaces in tags', '<think >a</think>So<answer>3</answer>'],
    ['attributes', '<think id="1">a</think>So<answer>3</answer>'],
    ['zero-width characters in tags', '<thi\u200bnk>a</think>So<answer>3</answer>'],
    ['a code fence around it', '```\n<think>a</think>So<answer>3</answer>\n```'],
    ['a tag in code', '<think>```<answer>3</answer>```</think>So<answer>3</answer>'],
    ['a tag in a tag', '<think>a</thi</think>nk>So<answer>3</answer>'],
    ['words before', 'Sure. <think>a</think>So<answer>3</answer>'],
    ['words after', '<think>a</think>So<answer>3</answer> Done.'],
    ['no thought', 'So<answer>3</answer>'],
    ['tags alone', '<think><answer></answer></think>'],
  ])('is not met with %s', (_name, text) => {
    expect(readFormat(text)).toEqual({ held: false, explanation: false })
  })

  it('is never met if a tag of any form is added anywhere', () => {
    fc.assert(
      fc.property(block, block, block, fc.constantFrom(...variants), fc.nat(), (thought, words, answer, tag, place) => {
        const text = `<think>${thought}</think>${words}<answer>${answer}</answer>`
        fc.pre(readFormat(text).held)
        const at = place % (text.length + 1)
        const spoiled = text.slice(0, at) + tag + text.slice(at)
        expect([spoiled, readFormat(spoiled).held]).toEqual([spoiled, false])
      }),
      { numRuns: 3000 },
    )
  })

  it('is never met if a tag is left out', () => {
    fc.assert(
      fc.property(block, block, fc.constantFrom(...tags), (thought, answer, tag) => {
        const text = `<think>${thought}</think>So<answer>${answer}</answer>`
        expect(readFormat(text.replace(tag, '')).held).toBe(false)
      }),
    )
  })

  it('is checked in long degenerate texts too', () => {
    for (const piece of ['<', '< ', '<think', '<think ', '</', '<answer a="', ' ', '<think>', '<\u200b']) {
      expect(readFormat(`<think>${piece.repeat(60_000)}</think>So<answer>3`).held).toBe(false)
    }
  })
})

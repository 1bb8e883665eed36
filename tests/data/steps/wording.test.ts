import * as fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { speakOfImage } from '../../../data/steps/wording.ts'

group('speaking of the image', () => {
  it.each([
    ['According to the description, there are two.', 'In the image, there are two.'],
    ['The description mentions three cars.', 'The image shows three cars.'],
    ['I see that the image description says that it is red.', 'I see that the image shows that it is red.'],
    ['The caption tells us that there are four.', 'The image shows that there are four.'],
    ['The description of the image does not mention a dog.', 'The image does not show a dog.'],
    ["The description doesn't explicitly state it.", 'The image does not explicitly show it.'],
    ['A bus is mentioned in the description.', 'A bus is shown in the image.'],
    ['As described in the given description, it is.', 'As shown in the image, it is.'],
    ['Let me read the description again.', 'Let me look at the image again.'],
    ['Based on the provided description, two.', 'Based on the image, two.'],
    ['the description might mention it', 'the image might show it'],
    ['The description also says there are two.', 'The image also shows there are two.'],
    ['According to the text, it is 5.', 'In the image, it is 5.'],
    ['In this description of the picture there is a cat.', 'In the image there is a cat.'],
  ])('%j becomes %j', (before, after) => {
    expect(speakOfImage(before)).toBe(after)
  })

  it.each([
    'The text says "STOP".',
    'The caption reads Figure 1.',
    'The caption below the photo names a year.',
    'The description of the algorithm is long.',
    'A job description is a text.',
    '<answer>the description says 5</answer>',
    '\\boxed{the description}',
    '<answer>according to the description',
    'The caption at the bottom is small.',
  ])('leaves %j', (text) => {
    expect(speakOfImage(text)).toBe(text)
  })

  it('changes nothing the second time, and nothing within an answer', () => {
    const parts =
      'the|The|this|description|caption|image|text|of|according to|says|mentions|does not|mention|is|described|in|as|' +
      'read|<answer>|</answer>|\\boxed{|}|.|also|might|"x"|provided|\n|tells us|based on'
    const word = fc.constantFrom(...parts.split('|'))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        const text = words.join(' ')
        const once = speakOfImage(text)
        expect(speakOfImage(once)).toBe(once)
        const answers = (whole: string) => whole.match(/<answer>[\s\S]*?(?:<\/answer>|$(?![\s\S]))/g)
        expect(answers(once)).toEqual(answers(text))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    'the description '.repeat(4000),
    `the ${'description '.repeat(4000)}`,
    'the description of '.repeat(3000),
    '<answer>'.repeat(6000),
    '\\boxed{'.repeat(7000),
    'as described in '.repeat(3000),
  ])('reads a hostile text to its end', (text) => {
    expect(speakOfImage(text).length).toBeGreaterThan(0)
  })
})

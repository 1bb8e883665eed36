import * as fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { plural, singular } from '../../../data/steps/captions/nouns.ts'
import { readCaption } from '../../../data/steps/captions/read-caption.ts'
import { convertRules, pose } from '../../../data/steps/captions/rules.ts'
import { convert } from '../../../data/steps/convert.ts'
import { knownMetadata } from '../../../domain/rows.ts'
import { context, FakeAsk, reasons, row } from '../rows.ts'

/** The certain statements of a caption, in short: `2 dog, 5 apple {2 red, 3 green}`. */
const countsOf = (caption: string): string =>
  readCaption(caption)
    .counted.map(({ noun, total, byColor }) => {
      const colors = [...(byColor ?? [])].map(([color, count]) => `${count} ${color}`).join(', ')
      return `${total} ${noun}${colors ? ` {${colors}}` : ''}`
    })
    .join(', ')

const asked = (caption: string): string[] =>
  convertRules.flatMap((rule) =>
    pose[rule](readCaption(caption)).map(({ question, answer }) => `${question} ${answer}`),
  )

group('reading captions', () => {
  it.each([
    ['There are two dogs.', '2 dog'],
    ['There are three cars and a bus.', '3 car, 1 bus'],
    ['a red circle at the top left', '1 circle {1 red}'],
    ['At the top left there is a blue square.', '1 square {1 blue}'],
    ['Top left: a red circle. Top right: nothing. Bottom left: a blue circle.', '2 circle {1 red, 1 blue}'],
    ['In the image, there are two red apples and three green apples on a plate.', '5 apple {2 red, 3 green}'],
    ['A dog runs across a meadow.', '1 dog, 1 meadow'],
    ['A cat sleeps on a sofa. The cat is black.', '1 cat, 1 sofa'],
    ['Two boys play football. The two boys wear red shirts.', '2 boy'],
    ['A plate with two eggs, three sausages and a slice of bread.', '1 plate, 2 egg, 3 sausage'],
    ['There are 12 books on the shelf.', '12 book'],
    ['Two women and a man stand in front of a building.', '2 woman, 1 man'],
    ['There are two tennis balls.', '2 tennis ball'],
    ['Two large brown dogs, a small white dog and a cat run.', '3 dog {2 brown, 1 white}, 1 cat'],
    ['Two cats are on the left, and three dogs are on the right.', '2 cat, 3 dog'],
    ['There are two cubes and a cylinder. The cubes are red.', '2 cube, 1 cylinder'],
    ['There is a cookie and two cookies.', '3 cookie'],
    ['There are two peaches, three pies and a fuse.', '2 peach, 3 pie, 1 fuse'],
  ])('%j holds %s', (caption, expected) => {
    expect(countsOf(caption)).toBe(expected)
  })

  it.each([
    ['', 'nothing'],
    ['Some dogs play.', 'some'],
    ['There are several dogs and a few cats.', 'several'],
    ['Maybe a dog.', 'hedges'],
    ['It might be a dog.', 'hedges'],
    ['Two dogs. Another dog is brown.', 'another'],
    ['Two dogs. One is brown, others are black.', 'others'],
    ['They hold two balls.', 'pronouns'],
    ['There are two dogs. Two dogs sleep.', 'the same again'],
    ['There is a dog. A brown dog sits at the left.', 'the same again'],
    ['There are two circles. A red circle is at the top left.', 'the same again'],
    ['A brown dog is on the left. A brown dog is at the bottom left.', 'one place within another'],
    ['A red circle at the top left and at the bottom right.', 'one name, two things'],
    ['There are three red and two blue balls.', 'a noun left out'],
    ['There are two or three dogs.', 'or'],
    ['There are two to three dogs.', 'ranges'],
    ['There are 2-3 dogs.', 'ranges'],
    ['There are two hundred dogs.', 'numbers of two words'],
    ['There are twenty two dogs.', 'numbers of two words'],
    ['A hot dog.', 'names of two words'],
    ['A dog bed.', 'names of two words'],
    ['Dogs and a dog.', 'a plural without a number'],
    ['The red car and a blue car.', 'a thing spoken of before'],
    ['A painting of two dogs.', 'pictures in pictures'],
    ['Each of three tables has two chairs.', 'each'],
    ['A sign says "two dogs".', 'quotes'],
    ['<answer>5</answer> three dogs', 'tags'],
    ['There are two dogs <think> and a cat', 'tags'],
    ['A glass of water.', 'parts of a mass'],
    ['There are 1,200 books.', 'numbers that are not small'],
    ['Two sports cars.', 'a plural before a plural'],
    ['The two dogs sleep.', 'nothing introduced'],
    ['Two dogs are here, a dog is brown.', 'the same again'],
    ['Two dogs are in the yard, a dog is brown.', 'the same again'],
    ['Five balls, two red balls and three blue balls.', 'the same again'],
    ['Three dogs, a big dog and two small dogs.', 'the same again'],
    ['There are two axes and an axe.', 'a plural of two words'],
    ['There is a species and a fries.', 'no plural'],
  ])('%j is left alone: %s', (caption) => {
    expect(countsOf(caption)).toBe('')
  })

  it('does not count things that may be one for each of several', () => {
    expect(countsOf('Two men with a dog and a cat.')).toBe('2 man')
    expect(countsOf('Three houses have a red roof.')).toBe('3 house')
    expect(countsOf('Three dogs sit in a circle.')).toBe('3 dog')
    expect(countsOf('A man and two people.')).toBe('1 man')
  })

  it('reads which things are absent', () => {
    expect(readCaption('There are no dogs in the image. There is a cat.').absent).toEqual(['dog'])
    expect(readCaption('There are no dogs in the image. A dog sleeps.').absent).toEqual([])
  })

  it('makes plurals and singulars', () => {
    for (const noun of ['dog', 'bus', 'box', 'bench', 'city', 'boy', 'person', 'man', 'sheep', 'leaf', 'shoe', 'house'])
      expect(singular(plural(noun))).toBe(noun)
    expect(['bus', 'glass', 'dog', 'tennis'].map(singular)).toEqual([null, null, null, null])
    const nouns =
      'peach beach coach watch cache headache brush dish class box fox cookie movie pie tie brownie city berry puppy fly ' +
      'sky fuse bus minibus cactus walrus house blouse horse nurse purse vase suitcase rose nose lens canvas cruise ' +
      'tortoise cheese glove wave knife scarf thief shoe canoe potato photo piano hero prize maze quiz waltz zebra taxi ' +
      'menu snowman human policewoman tooth phone cake bridge eye tree key toy day'
    for (const noun of nouns.split(' ')) expect(singular(plural(noun))).toBe(noun)
    expect(['mangoes', 'mangos'].map(singular)).toEqual(['mango', 'mango'])
  })

  it.each('axes bases diagnoses series species lens gas doggies pants scissors fries lies moves'.split(' '))(
    'takes %s for no plural that it knows',
    (word) => {
      expect(singular(word)).toBe(null)
    },
  )
})

group('posing questions', () => {
  const scene =
    'There is a red circle at the top left, a blue square at the top right and a red square at the bottom left.'

  it('counts, compares, adds and subtracts', () => {
    expect(asked('There are three cars and a bus.')).toEqual([
      'How many cars are there in the image? 3',
      'How many buses are there in the image? 1',
      'Are there more cars than buses in the image? yes',
      'Are there more buses than cars in the image? no',
      'Is there a car in the image? yes',
      'Is there a bus in the image? yes',
      'How many buses and cars are there in total in the image? 4',
      'How many more cars than buses are there in the image? 2',
    ])
  })

  it('asks for places by names that fit exactly one thing', () => {
    const questions = pose.spatial(readCaption(scene)).map(({ question, answer }) => `${question} ${answer}`)
    expect(questions).toContain('What color is the square at the top right of the image? blue')
    expect(questions).toContain('Is the circle to the left of the blue square in the image? yes')
    expect(questions).toContain('Is the blue square above the red square in the image? yes')
    expect(questions).toContain('Is the red square above the circle in the image? no')
    expect(questions.filter((one) => one.includes('the square to the'))).toEqual([])
    expect(pose.spatial(readCaption('A cat is to the left of a dog.'))).toEqual([
      { question: 'Is the dog to the right of the cat in the image?', answer: 'yes', kind: 'yesno' },
      { question: 'Is the dog to the left of the cat in the image?', answer: 'no', kind: 'yesno' },
    ])
  })

  it('takes grey and gray as one colour', () => {
    expect(countsOf('There are two gray cats and a grey cat.')).toBe('3 cat {3 gray}')
    expect(countsOf('There is a grey cat. The grey cat sleeps.')).toBe('1 cat {1 gray}')
    expect(asked('There is a gray cat and a grey dog.').filter((one) => one.includes('grey'))).toEqual([])
  })

  it.each([
    ['There are two turquoise cars.', ['red', 'yellow']],
    ['There is a golden car.', ['red', 'green', 'blue']],
    ['There is a violet car and a purple dog.', ['red', 'green', 'yellow']],
    ['There is a pink car.', ['green', 'blue', 'yellow']],
    ['There is a black car and a silver car.', ['red', 'green', 'blue', 'yellow']],
    ['There is a gray car and a silver dog.', ['red', 'green', 'blue', 'yellow']],
    ['There is a blue car and a turquoise dog.', ['red', 'green', 'yellow']],
  ])('of the cars in %j only those of other colours are said not to be there: %j', (caption, colors) => {
    const absent = asked(caption).filter(
      (one) => one.includes(' car ') && one.endsWith(' no') && one.startsWith('Is there'),
    )
    expect(new Set(absent.map((one) => /there an? (.+) car /.exec(one)?.[1]))).toEqual(new Set(colors))
  })

  it('says no only if all colours are known, or if the caption says no', () => {
    expect(asked(scene)).toContain('Is there a blue circle in the image? no')
    expect(asked('A circle and a red square.').filter((one) => /(?:red|blue) circle/.test(one))).toEqual([])
    expect(asked('A circle and a red square.')).toContain('Is there a blue square in the image? no')
    expect(asked('There is no dog. There is an orange cat.')).toContain('Is there a dog in the image? no')
    expect(asked(scene)).toContain('How many squares in the image are not red? 1')
  })
})

group('converting', () => {
  const options = convert.options.parse({ step: 'convert' })
  const described = row({
    question: '',
    answer: null,
    description: 'There are two red cubes, a blue cube and three dogs.',
    metadata: { source: 's', dialogue: { turns: 1 } },
  })
  const run = (changes: Parameters<typeof row>[0] = {}, more: Partial<typeof options> = {}, seed = 7) =>
    convert.run({ ...described, ...changes }, { ...context({ ...options, ...more }), seed })

  it('makes rows of a kind of their own that name their origin, and asks no model', async () => {
    const fake = new FakeAsk(() => ({}))
    const outcomes = await convert.run(described, context(options, fake.ask))
    expect(fake.requests).toHaveLength(0)
    expect(outcomes.length).toBeLessThanOrEqual(convert.estimate(options).rowsOut)
    for (const { status, parentId, changes } of outcomes) {
      expect([status, parentId]).toEqual(['kept', 'r1'])
      expect(changes).toMatchObject({ choices: null, trace: null, verdict: null, metadata: { source: 's' } })
      expect(changes.metadata).not.toHaveProperty('dialogue')
      expect(knownMetadata(changes.metadata ?? {})).toMatchObject({ type: 'fill-in', reward: 'rule' })
    }
    const categories = outcomes.map(({ changes }) => changes.metadata?.['category'])
    expect(new Set(categories)).toEqual(new Set(['counting', 'comparing', 'existence', 'multi-step']))
    expect(new Set(outcomes.map(({ changes }) => changes.question)).size).toBe(outcomes.length)
  })

  it('asks the same for the same seed and something else for another seed', async () => {
    const questions = async (seed: number) => (await run({}, {}, seed)).map(({ changes }) => changes.question)
    expect(await questions(7)).toEqual(await questions(7))
    const others = await Promise.all([8, 9, 10, 11].map(questions))
    expect(others.some((one) => one.join() !== others[0]!.join())).toBe(true)
  })

  it('asks only by the rules that the recipe names, and alternates the answers', async () => {
    const outcomes = await run({}, { rules: ['existence'], maxEach: 4 })
    expect(outcomes.filter(({ changes }) => changes.answer === 'no')).toHaveLength(2)
    expect(outcomes).toHaveLength(4)
    expect(await run({}, { rules: ['counting', 'counting'], maxEach: 1 })).toHaveLength(1)
    expect(convert.options.safeParse({ step: 'convert', rules: [] }).success).toBe(false)
    expect(convert.options.safeParse({ step: 'convert', rules: ['guessing'] }).success).toBe(false)
  })

  it.each([
    [null, 'no-description'],
    [' \n', 'no-description'],
    ['Some dogs play.', 'nothing-to-ask'],
    ['<think>', 'nothing-to-ask'],
    ['There are two dogs. '.repeat(2500), 'description-too-long'],
    ['There are two dogs. '.repeat(390), 'nothing-to-ask'],
    ['a '.repeat(3900), 'nothing-to-ask'],
    ['the top left '.repeat(600), 'nothing-to-ask'],
    ['two dogs, '.repeat(700), 'nothing-to-ask'],
  ])('drops %j: %s', async (description, expected) => {
    expect(reasons(await run({ description }))).toEqual([expected])
  })

  it('limits the questions about many things', async () => {
    const letters = 'abcdefghij'
    const names = Array.from(
      { length: 500 },
      (_, i) => `x${letters[i % 10]}${letters[Math.floor(i / 10) % 10]}${letters[Math.floor(i / 100)]}k`,
    )
    const outcomes = await run({ description: names.map((name) => `Two ${name}s.`).join(' ') }, { maxEach: 20 })
    expect(outcomes.length).toBeLessThanOrEqual(100)
  })

  it('never throws, and answers in the form of the kind, whatever the caption', async () => {
    const words =
      'a|an|the|two|3|dog|dogs|red|blue|circle|squares|and|or|is|are|at the top left|on the right|above|,|.|:|no|there|' +
      'some|it|<b>|to the left of|The picture shows|nothing|empty|of|with|in|\n|"'
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words.split('|')), { maxLength: 40 }), async (parts) => {
        for (const { status, changes } of await run({ description: parts.join(' ') }, { maxEach: 20 })) {
          if (status === 'dropped') continue
          expect(changes.question).toMatch(/^[A-Z][^<>"]*\?$/)
          const form = { number: /^\d+$/, yesno: /^(?:yes|no)$/, text: /^[a-z]+$/ }
          expect(changes.answer).toMatch(Object.entries(form).find(([kind]) => kind === changes.kind)?.[1] ?? /^$/)
        }
      }),
      { numRuns: 500 },
    )
  })
})

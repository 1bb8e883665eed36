import { assert, constantFrom, integer, property, string } from 'fast-check'
import { describe as group, expect, test } from 'vitest'
import { loadPrompt, renderPrompt } from '../../../data/steps/prompts.ts'
import { choicesBlock } from '../../../data/rows/question-text.ts'
import { questionProblem } from '../../../data/steps/synthesis/question-rules.ts'
import { readScreening } from '../../../data/steps/synthesis/screening.ts'
import { readWrittenQuestion } from '../../../data/steps/synthesis/written-question.ts'
import type { WrittenQuestion } from '../../../data/steps/synthesis/written-question.ts'
import { reasonOver } from '../../../demo/teacher/reasoner.ts'
import { screenQuestion } from '../../../demo/teacher/text/screener.ts'
import { writeQuestion } from '../../../demo/teacher/text/writer.ts'
import { demoTeacher } from '../../../demo/world.ts'
import { questionTypes } from '../../../domain/rows.ts'
import type { QuestionType } from '../../../domain/rows.ts'
import { describe, manyScenes, neverErring } from './roles.ts'

const allAbilities = ['math', 'spatial', 'recognition', 'language generation', 'ocr, knowledge'] as const

const ask = (description: string, type: string, abilities: string, asked: readonly string[] = []): string =>
  renderPrompt(loadPrompt('synthesize-v1'), {
    description,
    type,
    abilities: `reasoning, ${abilities}`,
    asked: asked.map((question) => `- ${question}`).join('\n') || 'none',
  })

const screening = (description: string, type: string, { question, choices }: WrittenQuestion): string =>
  renderPrompt(loadPrompt('screen-v1'), { description, type, question, choices: choicesBlock(choices) })

const answerTo = (description: string, { question, choices }: WrittenQuestion): string | undefined => {
  const prompt = renderPrompt(loadPrompt('reason-v1'), { description, question, choices: choicesBlock(choices) })
  return /<answer>(.+)<\/answer>/.exec(reasonOver(prompt, 0, { ...neverErring, slipRate: 0 }))?.[1]
}

function written(
  description: string,
  type: string,
  abilities: string,
  seed: number,
  asked: string[] = [],
): WrittenQuestion {
  const reply = writeQuestion(ask(description, type, abilities, asked), seed, neverErring)
  const read = readWrittenQuestion(reply)
  if (read === null) throw new Error(reply)
  return read
}

test('writes for any picture questions that pass the rules and the screener and have an answer', () => {
  let count = 0
  for (const [index, scene] of manyScenes(900).entries()) {
    const description = describe(scene)
    const asked: string[] = []
    for (const type of questionTypes) {
      const abilities = allAbilities[(index + count) % allAbilities.length] ?? ''
      // An empty scene has no colour to choose from.
      if (type === 'choice' && scene.cells.every((cell) => cell === null) && abilities !== 'math') continue
      const question = written(description, type, abilities, index, asked)
      const verdict = readScreening(screenQuestion(screening(description, type, question), index, neverErring))
      expect({ question, problem: questionProblem(question, type, asked), verdict }).toMatchObject({
        problem: null,
        verdict: 'keep',
      })
      expect(answerTo(description, question)).toMatch(type === 'choice' ? /^[A-D]$/ : /^(?!unknown)/)
      asked.push(question.question)
      count += 1
    }
  }
  expect(count).toBeGreaterThan(2500)
})

test.each<[QuestionType, string, RegExp]>([
  ['fill-in', 'math', /^(How many more|How many shapes are|Are there more)/],
  ['fill-in', 'spatial', /^Which (color|shape) is at/],
  ['fill-in', 'recognition', /^(How many|Is there|Are there|Which)/],
  ['choice', 'math', /^How many/],
  ['choice', 'spatial', /^Which (color|shape) is at the/],
  ['descriptive', 'language generation', /^What is in the/],
])('writes a %s question that needs %s', (type, abilities, form) => {
  for (const [index, scene] of manyScenes(100).entries()) {
    if (scene.cells.every((cell) => cell === null)) continue
    const question = written(describe(scene), type, abilities, index)
    expect(question.question).toMatch(form)
    expect(question.category).toMatch(/^\w+$/)
    expect((question.choices?.length ?? 0) >= 3).toBe(type === 'choice')
  }
})

test('does not repeat a question while another question is left', () => {
  const [scene] = manyScenes(1)
  if (scene === undefined) throw new Error('no scene')
  const asked: string[] = []
  for (let index = 0; index < 4; index += 1)
    asked.push(written(describe(scene), 'descriptive', 'spatial', 5, asked).question)
  expect(new Set(asked).size).toBe(4)
})

test('asks only about known things', () => {
  for (const [index, scene] of manyScenes(300).entries()) {
    if (scene.cells[0] === null) continue
    const question = written(
      describe(scene, (place) => place === 0),
      'fill-in',
      'math',
      index,
    )
    expect(question.question).toMatch(/^Which (color|shape) is at the top left\?$/)
  }
  expect(writeQuestion(ask('A quiet afternoon.', 'fill-in', 'math'), 1, neverErring)).toBe(
    'There is too little to ask about.',
  )
})

group('the screener', () => {
  const [full, part] = [
    'Top left: a red circle. Top right: nothing. Bottom left: a red square. Bottom right: nothing.',
    'Top left: a red circle.',
  ]
  const cases: [string, string, string, string[] | null, 'keep' | 'reject'][] = [
    [full, 'fill-in', 'How many red shapes are there?', null, 'keep'],
    [part, 'fill-in', 'How many red shapes are there?', null, 'reject'],
    [part, 'fill-in', 'Which color is at the top left?', null, 'keep'],
    [part, 'fill-in', 'Which color is at the top right?', null, 'reject'],
    ['Two red circles and a blue square.', 'fill-in', 'How many red shapes are there?', null, 'keep'],
    [full, 'fill-in', "What is the artist's name?", null, 'reject'],
    [full, 'fill-in', 'How many red shapes does the description name?', null, 'reject'],
    [full, 'fill-in', 'How many red shapes are there? There are 2.', null, 'reject'],
    [full, 'fill-in', 'How many red shapes are there? The right answer is 2.', null, 'reject'],
    [full, 'fill-in', 'How many more blue shapes than red shapes are there?', null, 'reject'],
    [full, 'choice', 'Which color is at the top left?', ['red', 'blue', 'green'], 'keep'],
    [full, 'choice', 'Which color is at the top left?', ['yellow', 'blue', 'green'], 'reject'],
    [full, 'choice', 'Which color is at the top left?', ['red', 'red', 'green'], 'reject'],
    [full, 'choice', 'Which color is at the top left?', null, 'reject'],
    [full, 'choice', 'Which color is at the top right?', ['red', 'blue', 'green'], 'reject'],
    [full, 'descriptive', 'What is in the top row?', null, 'keep'],
    [part, 'descriptive', 'What is in the top row?', null, 'reject'],
    [full, 'descriptive', 'How many red shapes are there?', null, 'reject'],
  ]
  test.each(cases)('%s %s %s %j: %s', (description, type, question, choices, expected) => {
    const reply = screenQuestion(screening(description, type, { question, choices, category: null }), 1, neverErring)
    expect(readScreening(reply)).toBe(expected)
  })

  test('gives the opposite verdict at its error rate', () => {
    const prompt = screening(full, 'fill-in', {
      question: 'How many red shapes are there?',
      choices: null,
      category: null,
    })
    const replies = Array.from({ length: 3000 }, (_, seed) => readScreening(screenQuestion(prompt, seed, demoTeacher)))
    const wrong = replies.filter((each) => each === 'reject').length / replies.length
    expect(wrong).toBeGreaterThan(demoTeacher.screenerErrorRate - 0.015)
    expect(wrong).toBeLessThan(demoTeacher.screenerErrorRate + 0.015)
  })
})

test('bad questions come at the error rate, and rules or screener stop them', () => {
  let [count, bad, through] = [0, 0, 0]
  for (const [seed, scene] of manyScenes(1200).entries()) {
    const description = describe(scene)
    const prompt = ask(description, 'fill-in', 'math')
    const reply = writeQuestion(prompt, seed, demoTeacher)
    count += 1
    if (reply === writeQuestion(prompt, seed, neverErring)) continue
    bad += 1
    const read = readWrittenQuestion(reply)
    if (read === null || questionProblem(read, 'fill-in', []) !== null) continue
    if (readScreening(screenQuestion(screening(description, 'fill-in', read), seed, neverErring)) === 'keep')
      through += 1
  }
  expect(bad / count).toBeGreaterThan(demoTeacher.writerErrorRate - 0.03)
  expect(bad / count).toBeLessThan(demoTeacher.writerErrorRate + 0.03)
  expect(through).toBe(0)
})

test('writer and screener always reply, and give the same reply each time', () => {
  assert(
    property(string(), string(), constantFrom(...questionTypes), integer(), (description, question, type, seed) => {
      const prompts = [ask(description, type, question, [question]), question]
      for (const prompt of prompts)
        expect(writeQuestion(prompt, seed, demoTeacher)).toBe(writeQuestion(prompt, seed, demoTeacher))
      const reply = screenQuestion(
        screening(description, type, { question, choices: [question, 'x'], category: null }),
        seed,
        demoTeacher,
      )
      expect(readScreening(reply)).not.toBe('unreadable')
    }),
  )
})

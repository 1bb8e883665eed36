import { expect, test } from 'vitest'
import { askByFamily, askQuestions, thingWords } from '../../demo/questions.ts'
import type { QuestionFamily } from '../../demo/questions.ts'
import { createRandom } from '../../demo/random.ts'
import { allotScenes, demoWorld } from '../../demo/world.ts'

const scene = {
  rows: 2,
  columns: 2,
  cells: [
    { color: 'red', shape: 'circle' },
    { color: 'blue', shape: 'square' },
    null,
    { color: 'red', shape: 'square' },
  ],
} as const

/** All questions of one family on the scene, found by asking often. */
function answers(family: QuestionFamily): Record<string, string> {
  const questions = askQuestions(scene, { [family]: 1 }, 200, createRandom(1))
  return Object.fromEntries(questions.map(({ question, answer }) => [question, answer]))
}

test('counts colours, shapes and all', () => {
  expect(answers('count-color')).toEqual({
    'How many red shapes are there?': '2',
    'How many green shapes are there?': '0',
    'How many blue shapes are there?': '1',
    'How many yellow shapes are there?': '0',
  })
  expect(answers('count-shape')).toEqual({
    'How many circles are there?': '1',
    'How many squares are there?': '2',
    'How many triangles are there?': '0',
  })
  expect(answers('count-all')).toEqual({ 'How many shapes are there?': '3' })
})

test('asks about existence, comparison and place', () => {
  expect(answers('exists')).toMatchObject({ 'Is there a red square?': 'yes', 'Is there a blue circle?': 'no' })
  expect(answers('compare')).toMatchObject({
    'Are there more red shapes than blue shapes?': 'yes',
    'Are there more green shapes than yellow shapes?': 'no',
  })
  expect(answers('place')).toEqual({
    'Which color is at the top left?': 'A',
    'Which color is at the top right?': 'C',
    'Which color is at the bottom right?': 'A',
  })
})

test('asks for sums and for differences that are not below zero', () => {
  expect(answers('difference')).toMatchObject({
    'How many more red shapes than blue shapes are there?': '1',
    'How many more red shapes than green shapes are there?': '2',
    'How many more green shapes than yellow shapes are there?': '0',
    'How many more squares than circles are there?': '1',
  })
  expect(Object.keys(answers('difference'))).not.toContain('How many more blue shapes than red shapes are there?')
  expect(answers('sum')).toMatchObject({
    'How many shapes are red or blue?': '3',
    'How many shapes are green or yellow?': '0',
    'How many shapes are circles or triangles?': '1',
  })
})

test('asks in free text about the content of a row or column', () => {
  expect(answers('describe-row')).toEqual({
    'What is in the top row?': 'a red circle and a blue square',
    'What is in the bottom row?': 'a red square',
    'What is in the left column?': 'a red circle',
    'What is in the right column?': 'a blue square and a red square',
  })
  const empty = { rows: 2, columns: 2, cells: [null, null, null, null] }
  const [question] = askQuestions(empty, { 'describe-row': 1 }, 1, createRandom(1))
  expect(question).toMatchObject({ answer: 'nothing', kind: 'text' })
})

test('lists three things with commas, and asks no such question about a grid without names of rows', () => {
  expect(thingWords([...scene.cells])).toBe('a red circle, a blue square and a red square')
  const wide = { rows: 1, columns: 4, cells: [null, null, null, null] }
  expect(askQuestions(wide, { 'describe-row': 1 }, 1, createRandom(1))).toEqual([])
})

test('gives the family of each question', () => {
  const asked = askByFamily(scene, { exists: 1, sum: 1 }, 10, createRandom(1))
  expect(new Set(asked.map(({ family }) => family))).toEqual(new Set(['exists', 'sum']))
  for (const { family, question } of asked) expect(question.kind).toBe(family === 'sum' ? 'number' : 'yesno')
})

test('asks no question of place about an empty scene, and still ends', () => {
  const empty = { rows: 2, columns: 2, cells: [null, null, null, null] }
  expect(askQuestions(empty, { place: 1 }, 3, createRandom(1))).toEqual([])
})

test.each([
  ['the main mix', demoWorld.mix],
  ['the mixed files', demoWorld.further.mixed],
  ['the free files', demoWorld.further.free],
])('in %s no answer is so common that always giving it would look like skill', (_, mix) => {
  const counts = new Map<string, number>()
  const scenes = allotScenes().report
  for (const [index, each] of scenes.entries()) {
    const [question] = askQuestions(each, mix, 1, createRandom(index))
    if (question) counts.set(question.answer, (counts.get(question.answer) ?? 0) + 1)
  }
  expect(Math.max(...counts.values()) / scenes.length).toBeLessThan(0.45)
})

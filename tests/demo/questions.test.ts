import { expect, test } from 'vitest'
import { askQuestions } from '../../demo/questions.ts'
import type { QuestionFamily, QuestionMix } from '../../demo/questions.ts'
import { createRandom } from '../../demo/random.ts'
import { allotScenes, WORLD } from '../../demo/world.ts'

const NONE: QuestionMix = { 'count-color': 0, 'count-shape': 0, 'count-all': 0, exists: 0, compare: 0, place: 0 }
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

/** All questions of one family on the scene, by asking often. */
function answers(family: QuestionFamily): Record<string, string> {
  const questions = askQuestions(scene, { ...NONE, [family]: 1 }, 200, createRandom(1))
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

test('asks what exists, what is more and what is where', () => {
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

test('an empty scene has no question of place, and asking ends all the same', () => {
  const empty = { rows: 2, columns: 2, cells: [null, null, null, null] }
  expect(askQuestions(empty, { ...NONE, place: 1 }, 3, createRandom(1))).toEqual([])
})

test('no answer is so common that naming it always would look like skill', () => {
  const counts = new Map<string, number>()
  const scenes = allotScenes().report
  for (const [index, each] of scenes.entries()) {
    const [question] = askQuestions(each, WORLD.mix, 1, createRandom(index))
    if (question) counts.set(question.answer, (counts.get(question.answer) ?? 0) + 1)
  }
  expect(Math.max(...counts.values()) / scenes.length).toBeLessThan(0.45)
})

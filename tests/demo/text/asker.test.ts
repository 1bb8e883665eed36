import { assert, integer, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { loadPrompt, renderPrompt } from '../../../data/steps/prompts.ts'
import { readQuestions } from '../../../data/steps/synthesis/reply-lines.ts'
import { positionNames } from '../../../demo/scene.ts'
import { askMissing } from '../../../demo/teacher/text/asker.ts'
import { demoTeacher } from '../../../demo/world.ts'
import { describe, manyScenes, neverErring } from './roles.ts'

const prompt = (description: string, answers = 'none', limit = '4'): string =>
  renderPrompt(loadPrompt('ask-missing-v1'), { description, answers, limit })

test('asks for every place that the description of any picture leaves out', () => {
  for (const [index, scene] of manyScenes(2000).entries()) {
    // Each bit of the index leaves out one place.
    const isTold = (place: number): boolean => ((index >> place) & 1) === 0
    const missing = positionNames(scene).filter((_, place) => !isTold(place))
    const reply = askMissing(prompt(describe(scene, isTold) || 'A picture.'), index, neverErring)
    expect(readQuestions(reply)).toEqual(missing.map((place) => `What is at the ${place}?`))
    expect(reply === 'complete').toBe(missing.length === 0)
  }
})

test('keeps to the limit and does not ask again, whatever the answer was', () => {
  expect(askMissing(prompt('A grid.', 'none', '2'), 1, neverErring)).toBe(
    '- What is at the top left?\n- What is at the top right?',
  )
  const answers = 'Q: What is at the top left?\nA: a red circle\nQ: What is at the top right?\nA: not visible'
  expect(askMissing(prompt('A grid.', answers), 1, neverErring)).toBe(
    '- What is at the bottom left?\n- What is at the bottom right?',
  )
})

test('asks for a place with two things in the description, and for a thing without a place', () => {
  const description =
    'Top left: a red circle. Top right: nothing. Top left: a blue circle. Bottom left: nothing. A green square.'
  expect(askMissing(prompt(description), 1, neverErring)).toBe(
    '- What is at the top left?\n- What is at the bottom right?',
  )
})

test('errs at its error rate', () => {
  const scenes = manyScenes(2000)
  const wrong = scenes.filter((scene, seed) => {
    const text = prompt(describe(scene, (place) => place > 0))
    return askMissing(text, seed, demoTeacher) !== askMissing(text, seed, neverErring)
  })
  expect(wrong.length / scenes.length).toBeGreaterThan(demoTeacher.askerErrorRate - 0.02)
  expect(wrong.length / scenes.length).toBeLessThan(demoTeacher.askerErrorRate + 0.02)
})

test('always replies, and gives the same reply each time', () => {
  assert(
    property(string(), string(), integer(), (description, answers, seed) => {
      const text = prompt(description, answers)
      for (const each of [text, description]) {
        const reply = askMissing(each, seed, demoTeacher)
        expect(reply).toMatch(/^(?:complete|(?:- [^\n]+\?\n?)+)$/)
        expect(askMissing(each, seed, demoTeacher)).toBe(reply)
      }
    }),
  )
})

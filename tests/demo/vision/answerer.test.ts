import { describe, expect, test } from 'vitest'
import { drawPicture } from '../../../demo/picture.ts'
import { createRandom } from '../../../demo/random.ts'
import { positionNames, sceneKey } from '../../../demo/scene.ts'
import { caption } from '../../../demo/teacher/captioner.ts'
import { readDescription } from '../../../demo/teacher/read-prompt.ts'
import { reasonOver } from '../../../demo/teacher/reasoner.ts'
import { answerer } from '../../../demo/teacher/vision/answerer.ts'
import { glance } from '../../../demo/teacher/vision/glancer.ts'
import { demoTeacher, demoWorld } from '../../../demo/world.ts'
import { answerOf, drawCases, keyOf, alwaysErring, promptOf, questionsOn, neverErring } from './pictures.ts'

const cases = await drawCases(80, 5)
const describePrompt = promptOf('describe-v1')

describe('the glancer', () => {
  test('describes everything if it loses nothing, and names no place if it loses everything', async () => {
    for (const { scene, picture } of cases) {
      expect(keyOf(await glance(picture, describePrompt, 0, neverErring), scene)).toBe(sceneKey(scene))
      const lost = await glance(picture, describePrompt, 0, alwaysErring)
      expect(readDescription(lost).every(({ place }) => place === null)).toBe(true)
      expect(lost.length).toBeGreaterThan(0)
    }
  })

  test('loses a third of the cells, and says nothing untrue', async () => {
    let [placed, loose, all] = [0, 0, 0]
    for (const { scene, picture } of cases) {
      const names = positionNames(scene)
      all += names.length
      for (const { place, what } of readDescription(await glance(picture, describePrompt, 0, demoTeacher))) {
        if (place === null) loose += 1
        else placed += 1
        expect(place === null ? scene.cells : [scene.cells[names.indexOf(place)]]).toContainEqual(what)
      }
    }
    // 320 cells at 33 %: three standard deviations are 8 points.
    expect(1 - placed / all).toBeGreaterThan(0.25)
    expect(1 - placed / all).toBeLessThan(0.41)
    expect(loose).toBeGreaterThan(15)
  })
})

describe('answers about missing parts', () => {
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
  const picture = drawPicture(scene, demoWorld.picture, createRandom(1))
  const ask = async (questions: string, settings = neverErring, seed = 0): Promise<string> =>
    answerer(await picture, promptOf('answer-missing-v1', {}, { questions }), seed, settings)

  test.each([
    ['What is at the top left?', 'At the top left there is a red circle.'],
    ['What is at the bottom left?', 'There is nothing at the bottom left.'],
    ['How many red shapes are there?', 'There are 2 red shapes.'],
    ['How many blue shapes are there?', 'There is 1 blue shape.'],
    ['How many triangles are there?', 'There are no triangles.'],
    ['Is there a blue square?', 'Yes, there is a blue square.'],
    ['Is there a green circle?', 'No, there is no green circle.'],
    ['Which color is at the top right?', 'blue'],
    ['What is in the top row?', 'a red circle and a blue square'],
    ['Who painted it?', 'not visible'],
    ['', 'not visible'],
  ])('%s', async (question, answer) => {
    expect(await ask(`- ${question}`)).toBe(`- ${answer}`)
  })

  test('have a line each, in the order of the questions, in words that the reader understands', async () => {
    const questions = positionNames(scene).map((name) => `What is at the ${name}?`)
    const lines = (await ask(questions.map((each) => `- ${each}`).join('\n'))).split('\n')
    expect(lines).toHaveLength(4)
    const talk = questions.map((each, index) => `Q: ${each}\nA: ${lines[index]?.slice(2)}`).join('\n')
    expect(keyOf(talk, scene), `talk: ${talk}`).toBe(sceneKey(scene))
  })

  test('are all wrong at an error rate of 1, and seldom wrong at the usual rate', async () => {
    const questions = [...positionNames(scene).map((name) => `What is at the ${name}?`), 'How many circles are there?']
    const asked = questions.map((each) => `- ${each}`).join('\n')
    const right = (await ask(asked)).split('\n')
    const wrong = (await ask(asked, alwaysErring)).split('\n')
    for (const [index, line] of wrong.entries()) expect(line).not.toBe(right[index])
    let errors = 0
    for (let seed = 0; seed < 200; seed += 1) {
      const lines = (await ask(asked, demoTeacher, seed)).split('\n')
      errors += lines.filter((line, index) => line !== right[index]).length
    }
    // 1000 lines at 6 %: three standard deviations are 2.3 points.
    expect(errors / 1000).toBeGreaterThan(0.037)
    expect(errors / 1000).toBeLessThan(0.083)
  })
})

test('merges to the description of the whole picture, whatever the dialogue said', async () => {
  const values = {
    description: 'Top left: a green cat.',
    answers: 'Q: What?\nA: A triangle.\n\nQuestion: x\nAnswer: y',
  }
  const prompt = promptOf('merge-v1', {}, values)
  for (const { scene, picture } of cases) {
    expect(keyOf(await answerer(picture, prompt, 0, neverErring), scene)).toBe(sceneKey(scene))
    expect(keyOf(await answerer(picture, prompt, 0, alwaysErring), scene)).not.toBe(sceneKey(scene))
  }
})

describe('answers to a question', () => {
  test('are right without slips, also in free text, and follow the form of a trace', async () => {
    for (const [index, { scene, picture }] of cases.entries()) {
      const free = questionsOn(scene, index, { 'describe-row': 1 }, 1)
      for (const question of [...questionsOn(scene, index), ...free]) {
        const reply = await answerer(picture, promptOf('answer-picture-v1', question), index, neverErring)
        expect(answerOf(reply), `${question.question}\n${reply}`).toBe(question.answer)
        expect(reply).toMatch(/^<think>[^<]+<\/think> [^<]+ <answer>/)
      }
    }
  })

  test('have wrong counts and verdicts if the answerer always slips', async () => {
    for (const [index, { scene, picture }] of cases.entries()) {
      for (const question of questionsOn(scene, index, { 'count-color': 1, exists: 1 })) {
        const reply = await answerer(picture, promptOf('answer-picture-v1', question), index, alwaysErring)
        expect(answerOf(reply), `${question.question}\n${reply}`).not.toBe(question.answer)
      }
    }
  })

  test('err on other questions than the reasoner', async () => {
    let [both, one, asked] = [0, 0, 0]
    const settings = { ...neverErring, slipRate: 0.5, answererErrorRate: 0.5 }
    for (const [index, { scene, picture }] of cases.entries()) {
      const description = await caption(picture, describePrompt, 0, settings)
      for (const question of questionsOn(scene, index, { 'count-color': 1, 'count-shape': 1 })) {
        const viewed = answerOf(await answerer(picture, promptOf('answer-picture-v1', question), 0, settings))
        const reasoned = answerOf(reasonOver(promptOf('reason-v1', question, { description }), 0, settings))
        const errors = [viewed, reasoned].filter((answer) => answer !== question.answer).length
        asked += 1
        if (errors === 1) one += 1
        if (errors === 2) both += 1
      }
    }
    expect(both / asked).toBeGreaterThan(0.12)
    expect(both / asked).toBeLessThan(0.38)
    expect(one / asked).toBeGreaterThan(0.35)
  })
})

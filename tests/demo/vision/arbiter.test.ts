import { expect, test } from 'vitest'
import { drawPicture } from '../../../demo/picture.ts'
import { createRandom } from '../../../demo/random.ts'
import { arbitrate } from '../../../demo/teacher/vision/arbiter.ts'
import { wrongAnswer } from '../../../demo/teacher/vision/wrong-answer.ts'
import { demoWorld } from '../../../demo/world.ts'
import { answerOf, drawCases, alwaysErring, promptOf, questionsOn, neverErring } from './pictures.ts'

const cases = await drawCases(40, 9)

test('finds the right answer of two, and gives its own answer if both are wrong', async () => {
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index)) {
      const { answer, choices = [] } = question
      const wrong = wrongAnswer(answer, choices, createRandom(index))
      for (const [first, second] of [
        [answer, wrong],
        [wrong, answer],
        [wrong, wrong],
        ['none', wrong],
      ] as const) {
        const prompt = promptOf('arbitrate-v1', question, { first, second })
        const reply = await arbitrate(picture, prompt, 0, neverErring)
        expect(answerOf(reply), `${prompt}\n${reply}`).toBe(answer)
        const which = first === answer ? 'The first' : second === answer ? 'The second' : 'Neither'
        expect(reply.startsWith(which), `reply: ${reply}`).toBe(true)
        expect(answerOf(await arbitrate(picture, prompt, 0, alwaysErring))).not.toBe(answer)
      }
    }
  }
})

const scene = {
  rows: 2,
  columns: 2,
  cells: [{ color: 'red', shape: 'circle' }, { color: 'blue', shape: 'square' }, null, null],
} as const

test.each([
  ['What is in the top row?', 'A blue square next to a red circle', 'a red circle', 'first'],
  ['What is in the top row?', 'a red circle', 'One red circle and one blue square.', 'second'],
  ['What is in the top row?', 'a red circle', 'a red circle and a green square', 'first'],
  ['What is in the top row?', 'a green circle', 'a yellow square', 'a red circle and a blue square'],
  ['What is in the top row?', 'a green circle', 'a red circle and a green square', 'a red circle and a blue square'],
  ['What is in the bottom row?', 'a red circle', 'It is empty.', 'second'],
  ['What is in the bottom row?', 'a red circle', 'a blue square', 'nothing'],
  ['What could this be about?', 'a red circle and a blue square', 'a green square', 'first'],
  ['What could this be about?', 'love', 'peace', 'unknown'],
])('%s: of "%s" and "%s" it takes %s', async (question, first, second, expected) => {
  const picture = await drawPicture(scene, demoWorld.picture, createRandom(1))
  const reply = await arbitrate(picture, promptOf('arbitrate-v1', { question }, { first, second }), 0, neverErring)
  expect(answerOf(reply)).toBe({ first, second }[expected] ?? expected)
})

test('repeats the answer that names the right choice, in that answer’s form', async () => {
  const picture = await drawPicture(scene, demoWorld.picture, createRandom(1))
  const question = { question: 'Which color is at the top left?', choices: ['blue', 'Red'] }
  for (const second of ['B', 'Red', '(B) Red', 'b.']) {
    const reply = await arbitrate(picture, promptOf('arbitrate-v1', question, { first: 'A', second }), 0, neverErring)
    expect(answerOf(reply)).toBe(second)
  }
})

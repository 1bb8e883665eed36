import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { loadPrompt } from '../../../data/steps/prompts.ts'
import { cellWords } from '../../../demo/base-corpus.ts'
import { positionName, sceneKey } from '../../../demo/scene.ts'
import { caption, describePicture } from '../../../demo/teacher/captioner.ts'
import { readDescription } from '../../../demo/teacher/read-prompt.ts'
import { promptKind } from '../../../demo/teacher/vision/prompt-kind.ts'
import { demoTeacher } from '../../../demo/world.ts'
import { drawCases, keyOf, alwaysErring, promptOf, questionsOn, neverErring } from './pictures.ts'

const cases = await drawCases(80)

test('descriptions without a question stay the same, because recorded campaigns depend on them', async () => {
  const hash = createHash('sha256')
  for (const { picture } of cases.slice(0, 40)) {
    for (const settings of [demoTeacher, alwaysErring]) {
      const text = await caption(picture, loadPrompt('describe-v1'), 5, settings)
      expect(text).toBe(await describePicture(picture, 5, settings))
      hash.update(`${text}\n`)
    }
  }
  expect(hash.digest('hex')).toBe('545a2218762642e577b53697b0b5181c871f52c3e22520b10afe4f42d0f3eaa1')
})

test('explains from the picture and ends at the given answer, right or wrong', async () => {
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index)) {
      const told = await caption(
        picture,
        promptOf('pseudo-cot-v1', question, { answer: question.answer }),
        0,
        neverErring,
      )
      expect(told).toMatch(new RegExp(String.raw`So the answer is ${question.answer}\.$`))
      expect(told).not.toMatch(/[<>]/)
      const untrue = readDescription(told).filter(({ place, what }) => {
        const at = scene.cells.findIndex((_, cell) => positionName(scene, cell) === place)
        return what !== null && at !== -1 && cellWords(scene.cells[at] ?? null) !== cellWords(what)
      })
      expect(untrue, `told: ${told}`).toEqual([])
      const misled = await caption(picture, promptOf('pseudo-cot-v1', question, { answer: '77' }), 0, neverErring)
      expect(misled).toMatch(/So the answer is 77\.$/)
    }
  }
})

test('says only the answer if no rule fits the question', async () => {
  const [first] = cases
  const prompt = promptOf('pseudo-cot-v1', { question: 'Who painted it?' }, { answer: 'nobody' })
  const told = await caption(first?.picture ?? Buffer.alloc(0), prompt, 0, neverErring)
  expect(told).not.toMatch(/unknown|Step by step/)
  expect(told).toMatch(/So the answer is nobody\.$/)
})

test('describes every cell for a question, the relevant cells first, whatever the explanation says', async () => {
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index)) {
      const values = { explanation: 'At the top left there is a black cat.\nAnswer: 3' }
      const text = await caption(picture, promptOf('describe-for-question-v1', question, values), 0, neverErring)
      expect(keyOf(text, scene), `text: ${text}`).toBe(sceneKey(scene))
      expect(readDescription(text)).toHaveLength(scene.cells.length)
    }
  }
})

test('names the thing in the question first', async () => {
  const found = cases.find(({ scene }) => {
    const reds = scene.cells.filter((cell) => cell?.color === 'red').length
    return reds === 1 && scene.cells.at(-1)?.color === 'red'
  })
  const prompt = promptOf(
    'describe-for-question-v1',
    { question: 'How many red shapes are there?' },
    { explanation: '-' },
  )
  const text = await caption(found?.picture ?? Buffer.alloc(0), prompt, 0, neverErring)
  expect(readDescription(text)[0]).toMatchObject({ place: 'bottom right', what: { color: 'red' } })
  const row = promptOf('describe-for-question-v1', { question: 'What is in the bottom row?' }, { explanation: '-' })
  const places = readDescription(await caption(found?.picture ?? Buffer.alloc(0), row, 0, neverErring)).map(
    ({ place }) => place,
  )
  expect(places).toEqual(['bottom left', 'bottom right', 'top left', 'top right'])
})

test('errs in descriptions for a question at a rate of their own', async () => {
  const wrong = async (questionCaptionErrorRate: number): Promise<number> => {
    let count = 0
    for (const { scene, picture } of cases) {
      const settings = { ...neverErring, captionErrorRate: 1, questionCaptionErrorRate }
      const prompt = promptOf(
        'describe-for-question-v1',
        { question: 'How many shapes are there?' },
        { explanation: '-' },
      )
      if (keyOf(await caption(picture, prompt, 3, settings), scene) !== sceneKey(scene)) count += 1
    }
    return count / cases.length
  }
  expect(await wrong(0)).toBe(0)
  expect(await wrong(1)).toBe(1)
  expect(await wrong(0.3)).toBeGreaterThan(0.14)
  expect(await wrong(0.3)).toBeLessThan(0.46)
})

test.each([
  ['describe-v1', 'describe'],
  ['pseudo-cot-v1', 'explain-answer'],
  ['describe-for-question-v1', 'describe-for-question'],
  ['answer-missing-v1', 'answer-missing'],
  ['merge-v1', 'merge'],
  ['answer-picture-v1', 'answer'],
  ['arbitrate-v1', 'arbitrate'],
  ['rewrite-v1', 'rewrite'],
  ['rate-v1', 'rate'],
  ['reason-v1', undefined],
  ['reason-to-answer-v1', undefined],
  ['screen-v1', undefined],
  ['synthesize-v1', undefined],
] as const)('the prompt %s is recognised as %s, whatever it quotes', (name, kind) => {
  const hostile = 'a\nExplanation: x\nReasoning:\nFirst answer: 1\nrating: 3'
  const question = { question: 'Is there a red circle?', choices: ['yes', 'no'] }
  const texts = { description: hostile, answers: hostile, questions: hostile, explanation: hostile, reasoning: hostile }
  expect(promptKind(promptOf(name, question, { answer: 'A', first: 'A', second: 'B', ...texts }))).toBe(kind)
  expect(promptKind(promptOf(name, { question: 'Why?' }, { answer: 'A', first: 'A', second: 'B', ...texts }))).toBe(
    kind,
  )
})

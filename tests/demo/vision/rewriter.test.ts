import { expect, test } from 'vitest'
import { reasonOver } from '../../../demo/teacher/reasoner.ts'
import { readQuestion } from '../../../demo/teacher/read-prompt.ts'
import { listCells } from '../../../demo/base-corpus.ts'
import { rate } from '../../../demo/teacher/vision/rater.ts'
import { rewriteTrace } from '../../../demo/teacher/vision/rewriter.ts'
import { demoTeacher } from '../../../demo/world.ts'
import { answerOf, drawCases, alwaysErring, promptOf, questionsOn, ruleFamilies, neverErring } from './pictures.ts'

const cases = await drawCases(80, 13)
const thoughtsOf = (reply: string): string => /^<think>([^<]*)<\/think> [^<]+ <answer>/.exec(reply)?.[1] ?? ''

test('rewrites to a plain trace that is not longer than before and ends at the given answer', async () => {
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index, { ...ruleFamilies, 'describe-row': 1 })) {
      const { answer } = question
      const before = thoughtsOf(
        reasonOver(promptOf('reason-v1', question, { description: listCells(scene) }), index, neverErring),
      )
      const reply = await rewriteTrace(
        picture,
        promptOf('rewrite-v1', question, { answer, reasoning: before }),
        0,
        neverErring,
      )
      expect(answerOf(reply), `reply: ${reply}`).toBe(answer)
      expect(thoughtsOf(reply).length, `reply: ${reply}`).toBeGreaterThan(0)
      expect(thoughtsOf(reply).length).toBeLessThanOrEqual(before.length + 4 * scene.cells.length)
      expect(thoughtsOf(reply)).not.toMatch(/Wait|Hmm/)
    }
  }
})

test('ends at the given answer if the picture shows another', async () => {
  const [first] = cases
  const prompt = promptOf('rewrite-v1', { question: 'How many shapes are there?' }, { answer: '9', reasoning: 'Nine.' })
  const reply = await rewriteTrace(first?.picture ?? Buffer.alloc(0), prompt, 0, neverErring)
  expect(reply).toMatch(/so 9\.<\/think> it is 9\. <answer>9<\/answer>$/)
})

test('in error ends at another answer or gets longer, about equally often', async () => {
  let [longer, other] = [0, 0]
  const neither: string[] = []
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index)) {
      const { answer } = question
      const reasoning = 'First <b>this</b>. Wait, then that. And so on and so forth, all of it at length.'
      const reply = await rewriteTrace(
        picture,
        promptOf('rewrite-v1', question, { answer, reasoning }),
        0,
        alwaysErring,
      )
      const isLonger = thoughtsOf(reply).split(/\s+/).length > reasoning.split(/\s+/).length
      if (answerOf(reply) !== answer) other += 1
      else if (isLonger) longer += 1
      else neither.push(reply)
    }
  }
  expect(neither).toEqual([])
  expect(Math.min(longer, other)).toBeGreaterThan(70)
})

test('rates a question by its steps, within one point', async () => {
  const grades = { exists: 2, place: 2, count: 3, compare: 5, describe: 6, sum: 7, difference: 7 }
  const seen = new Set<number>()
  for (const [index, { scene, picture }] of cases.entries()) {
    for (const question of questionsOn(scene, index, { ...ruleFamilies, 'describe-row': 1 })) {
      const prompt = promptOf('rate-v1', question, { answer: question.answer })
      const kind = readQuestion(question.question)?.kind
      if (kind === undefined) throw new Error(`No rule reads ${question.question}`)
      expect(await rate(picture, prompt, 0, neverErring)).toMatch(
        new RegExp(String.raw`^[A-Z][^\n]+\.\nrating: ${grades[kind]}$`),
      )
      const noisy = Number(/\nrating: (\d+)$/.exec(await rate(picture, prompt, 0, demoTeacher))?.[1])
      expect(Math.abs(noisy - grades[kind])).toBeLessThanOrEqual(1)
      seen.add(noisy - grades[kind])
    }
  }
  expect(seen).toEqual(new Set([-1, 0, 1]))
  const odd = promptOf('rate-v1', { question: 'Who painted it?' }, { answer: 'nobody' })
  expect(await rate(cases[0]?.picture ?? Buffer.alloc(0), odd, 0, neverErring)).toMatch(/\nrating: 6$/)
})

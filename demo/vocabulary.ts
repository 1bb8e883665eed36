import { listCells } from './base-corpus.ts'
import { askQuestions } from './questions.ts'
import type { QuestionMix } from './questions.ts'
import { createRandom, seedOf } from './random.ts'
import type { Scene } from './scene.ts'
import { reasonOver } from './teacher/reasoner.ts'

/** All families alike: a question that a later recipe asks finds its words known. */
const vocabularyMix: QuestionMix = {
  'count-color': 3,
  'count-shape': 3,
  'count-all': 1,
  exists: 1,
  compare: 1,
  place: 1,
}

/** Wording in all its forms, without slips, which have no words of their own. */
const vocabularyStyle = { slipRate: 0, wordyShare: 0.3, reflectionShare: 0.2, longShare: 0 }

/**
 * Lines of text that hold the words of questions and traces, so that a tokenizer learnt from the
 * base corpus and these lines spells no such word letter by letter. No model is trained on the
 * lines. They come from the base corpus's own scenes.
 */
export function vocabularyLines(scenes: readonly Scene[], limit: number, seed: number): string[] {
  return scenes.slice(0, limit).flatMap((scene, index) => {
    const random = createRandom(seedOf(seed, 'vocabulary', index))
    return askQuestions(scene, vocabularyMix, 1, random).flatMap(({ question, choices = [] }) => {
      const lines = choices.map((choice, each) => `${String.fromCodePoint(65 + each)}. ${choice}`)
      const header = lines.length === 0 ? '' : `\nChoices:\n${lines.join('\n')}\n`
      const prompt = `Description:\n${listCells(scene)}\n\nQuestion: ${question}\n${header}`
      return [question, ...lines, reasonOver(prompt, index, { seed, ...vocabularyStyle })]
    })
  })
}

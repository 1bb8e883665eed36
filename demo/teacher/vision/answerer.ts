import { reasonOver } from '../reasoner.ts'
import { readScene } from '../see.ts'
import { answerMissing } from './answer-missing.ts'
import { misread, wordCaption } from './caption-words.ts'
import { askedIn, reasonPrompt } from './own-answer.ts'
import { promptKind, refusedPrompt } from './prompt-kind.ts'
import { roleRandom, roleSeed } from './role.ts'
import type { SeeingRole } from './role.ts'

/** Answers what another asks about a picture, writes one whole description of it, or answers a question with a trace. */
export const answerer: SeeingRole = (image, prompt, seed, settings) => {
  switch (promptKind(prompt)) {
    case 'answer-missing':
      return answerMissing(image, prompt, seed, settings)
    case 'merge':
      return merge(image, prompt, seed, settings)
    case 'answer':
      return answerQuestion(image, prompt, seed, settings)
    default:
      throw refusedPrompt(
        'demo-answerer',
        'a list under "Questions:", or "Description:" with "Answers so far:", or a "Question:" alone',
      )
  }
}

/**
 * One whole description. Where the first description or the answers differ from the pixels, the pixels are right, so
 * nothing of the prompt is needed for it.
 */
const merge: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('merge', image, prompt, seed, settings)
  const beliefs = random.chance(settings.answererErrorRate) ? misread(scene, random) : scene.cells
  return wordCaption(scene, beliefs, random)
}

/**
 * Answers from the picture by the reasoner's own rules and in its words, over what is seen. Its stream is its own, so
 * that it slips on other questions than the reasoner does.
 */
const answerQuestion: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const own = {
    ...settings,
    seed: roleSeed('answer', image, prompt, seed, settings),
    slipRate: settings.answererErrorRate,
  }
  return reasonOver(reasonPrompt(scene, scene.cells, askedIn(prompt)), seed, own)
}

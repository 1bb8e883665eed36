import { reasonOver } from '../reasoner.ts'
import { readScene } from '../see.ts'
import { answerMissing } from './answer-missing.ts'
import { misread, wordCaption } from './caption-words.ts'
import { askedIn, reasonPrompt } from './own-answer.ts'
import { roleByPrompt, roleRandom, roleSeed } from './role.ts'
import type { SeeingRole } from './role.ts'

/**
 * One whole description. Where the first description or the answers differ from the pixels, the
 * pixels are right, so the prompt is not read.
 */
const merge: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('merge', image, prompt, seed, settings)
  const beliefs = random.chance(settings.answererErrorRate) ? misread(scene, random) : scene.cells
  return wordCaption(scene, beliefs, random)
}

/**
 * Answers from the picture by the reasoner's own rules and in its words, over what is seen. Its
 * stream is its own, so that it slips on other questions than the reasoner does.
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

/**
 * Answers what another asks about a picture, writes one whole description of it, or answers a
 * question with a trace.
 */
export const answerer = roleByPrompt(
  'demo-answerer',
  'a list under "Questions:", or "Description:" with "Answers so far:", or a "Question:" alone',
  { 'answer-missing': answerMissing, merge, answer: answerQuestion },
)

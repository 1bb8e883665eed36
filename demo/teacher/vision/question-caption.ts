import { readScene } from '../see.ts'
import { misread, wordCaption } from './caption-words.ts'
import { mattering } from './mattering.ts'
import { askedIn } from './own-answer.ts'
import { roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'

/**
 * Describes every cell. The cells that matter for the prompt's question come first. The explanation
 * in the prompt is not believed: all words come from the pixels.
 */
export const describeForQuestion: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('describe-for-question', image, prompt, seed, settings)
  const beliefs = random.chance(settings.questionCaptionErrorRate) ? misread(scene, random) : scene.cells
  const first = mattering(scene, beliefs, askedIn(prompt).question)
  const order = [...first, ...[...beliefs.keys()].filter((index) => !first.includes(index))]
  return wordCaption(scene, beliefs, random, order)
}

import { positionName } from '../../scene.ts'
import { readScene } from '../see.ts'
import { misread } from './caption-words.ts'
import { mattering } from './mattering.ts'
import { askedIn, withoutEnd, workOut } from './own-answer.ts'
import { labelled } from './prompt-kind.ts'
import { roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'

/**
 * Writes what matters in the picture for a question, then the steps to the given answer. The steps
 * come from the pixels. When they lead elsewhere, the text still ends with the given answer, as
 * with any model that is told where to arrive.
 */
export const explainAnswer: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('explain-answer', image, prompt, seed, settings)
  const beliefs = random.chance(settings.captionErrorRate) ? misread(scene, random) : scene.cells
  const asked = askedIn(prompt)
  const answer = labelled(prompt, 'Answer') ?? ''
  const matter = mattering(scene, beliefs, asked.question)
  const seen = matter.flatMap((index) => {
    const belief = beliefs[index]
    if (belief === undefined || belief === null) return []
    return [`At the ${positionName(scene, index)} there is a ${belief.color} ${belief.shape}.`]
  })
  // When no cell matters, the steps go through all cells and say that nothing was found.
  const rests =
    matter.length === 0 ? beliefs : beliefs.map((belief, index) => (matter.includes(index) ? belief : undefined))
  const worked = workOut(scene, rests, asked, settings)
  const steps = worked.answer === 'unknown' ? '' : `Step by step: ${withoutEnd(worked)}`
  return [
    seen.length === 0 ? 'Nothing in the picture is of the kind that is asked for.' : `This matters: ${seen.join(' ')}`,
    steps,
    `So the answer is ${answer}.`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}

import { readScene } from '../see.ts'
import { askedIn, isSame, withoutEnd, workOut } from './own-answer.ts'
import { labelled, partAfter } from './prompt-kind.ts'
import { roleByPrompt, roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'
import { wrongAnswer } from './wrong-answer.ts'

const look: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('rewrite', image, prompt, seed, settings)
  const asked = askedIn(prompt)
  const given = labelled(prompt, 'Answer') ?? ''
  const own = workOut(scene, scene.cells, asked, settings)
  const error = random.chance(settings.rewriterErrorRate) ? random.pick(['answer', 'length'] as const) : undefined
  const answer = error === 'answer' ? wrongAnswer(given, asked.choices, random) : given
  const explanation = isSame(own.answer, answer, asked.choices) ? own.explanation : `it is ${answer}.`
  const working = own.answer === 'unknown' ? 'I look at the picture.' : withoutEnd(own)
  const plain = `${working} so ${answer}.`
  const thoughts = error === 'length' ? `${plain} ${before(prompt)} So it is: ${plain}` : plain
  return `<think>${thoughts}</think> ${explanation} <answer>${answer}</answer>`
}

/**
 * A plain trace to the answer that is given, from what the picture shows. It keeps nothing of the
 * prompt's reasoning, because the plain steps are that reasoning without detours. In error it ends
 * at another answer, or says everything twice.
 */
export const rewriteTrace = roleByPrompt('demo-rewriter', 'a "Question:" with its "Answer:" and a "Reasoning:"', {
  rewrite: look,
})

/** The reasoning as it was, without tags that would end the new reasoning early. */
function before(prompt: string): string {
  return partAfter(prompt, 'Reasoning', 'Rewrite the reasoning').replaceAll(/<\/?\w+>/g, '')
}

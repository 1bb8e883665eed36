import { cellWords } from '../../base-corpus.ts'
import type { Scene } from '../../scene.ts'
import { positionName } from '../../scene.ts'
import { readDescription } from '../read-prompt.ts'
import type { Mention } from '../read-prompt.ts'
import { readScene } from '../see.ts'
import { askedIn, isSame, withoutEnd, workOut } from './own-answer.ts'
import type { Worked } from './own-answer.ts'
import { labelled } from './prompt-kind.ts'
import { roleByPrompt, roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'
import { wrongAnswer } from './wrong-answer.ts'

const look: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('arbitrate', image, prompt, seed, settings)
  const asked = askedIn(prompt)
  const answers = [labelled(prompt, 'First answer') ?? '', labelled(prompt, 'Second answer') ?? '']
  const own = workOut(scene, scene.cells, asked, settings)
  const right = decide(scene, own, answers, asked.choices)
  if (!random.chance(settings.arbiterErrorRate)) return wordDecision(right, own, answers)
  const wrong = answers.find((answer) => answer !== '' && answer !== 'none' && !isSame(answer, right, asked.choices))
  return wordDecision(wrong ?? wrongAnswer(right, asked.choices, random), own, answers)
}

/**
 * Looks at the picture itself and says which of two answers is right, in a sentence and
 * `<answer>…</answer>`. Both may be wrong.
 */
export const arbitrate = roleByPrompt('demo-arbiter', 'a "Question:" with a "First answer:" and a "Second answer:"', {
  arbitrate: look,
})

/**
 * The given answer that equals the arbiter's own, in the given words. Else, for answers in text,
 * the given answer that agrees with the picture. Else the arbiter's own answer.
 */
function decide(scene: Scene, own: Worked, answers: readonly string[], choices: readonly string[]): string {
  const same = answers.find((answer) => isSame(answer, own.answer, choices))
  if (same !== undefined) return same
  if (choices.length > 0) return own.answer
  if (own.answer === 'nothing') return answers.find(saysNothing) ?? own.answer
  const wanted = own.answer === 'unknown' ? sceneMentions(scene) : readDescription(own.answer)
  const [best] = answers
    .map((answer) => ({ answer, score: agreement(scene, readDescription(answer), wanted) }))
    .filter(({ score }) => score > 0)
    .toSorted((one, other) => other.score - one.score)
  return best?.answer ?? own.answer
}

function saysNothing(answer: string): boolean {
  return readDescription(answer).every(({ what }) => what === null) && /\b(?:nothing|empty)\b/i.test(answer)
}

function sceneMentions(scene: Scene): Mention[] {
  return scene.cells.map((what, index) => ({ place: positionName(scene, index), what }))
}

/**
 * How well the things in a text agree with the things that it should name: the share of the wanted
 * things that it names, or 0 as soon as it names a thing that the picture does not show at that
 * place.
 */
function agreement(scene: Scene, said: readonly Mention[], wanted: readonly Mention[]): number {
  if (said.length === 0) return 0
  const shown = sceneMentions(scene)
  const isShown = ({ place, what }: Mention): boolean =>
    shown.some((each) => (place === null || place === each.place) && cellWords(each.what) === cellWords(what))
  if (!said.every(isShown)) return 0
  const left = said.map(({ what }) => cellWords(what))
  let found = 0
  for (const { what } of wanted) {
    const at = left.indexOf(cellWords(what))
    if (at === -1) continue
    left.splice(at, 1)
    found += 1
  }
  // A thing too many, such as a thing of another row, counts against a text as much as a missing
  // thing.
  return found / (wanted.length + left.length)
}

function wordDecision(answer: string, own: Worked, answers: readonly string[]): string {
  const which = ['The first answer is right', 'The second answer is right'][answers.indexOf(answer)]
  const why = own.answer === 'unknown' ? 'it agrees with what I see' : withoutEnd(own).replace(/\.$/, '')
  return `${which ?? 'Neither of the two is right'}: ${why}. <answer>${answer}</answer>`
}

import type { Random } from '../../random.ts'
import { colorNames, positionNames, shapeNames } from '../../scene.ts'
import type { Cell, Scene } from '../../scene.ts'
import { readScene } from '../see.ts'
import { workOut } from './own-answer.ts'
import { partAfter } from './prompt-kind.ts'
import { roleRandom } from './role.ts'
import type { SeeingRole, SeeingSettings } from './role.ts'
import { wrongAnswer } from './wrong-answer.ts'

const notVisible = 'not visible'

/**
 * One line for each question of the prompt, in its order; `- not visible` when there is no rule for
 * the question.
 */
export const answerMissing: SeeingRole = async (image, prompt, seed, settings) => {
  const scene = await readScene(image, settings.grid)
  const random = roleRandom('answer-missing', image, prompt, seed, settings)
  const questions = partAfter(prompt, 'Questions')
    .split('\n')
    .map((line) => line.replace(/^\s*-\s*/, '').trim())
    .filter((line) => line !== '')
  if (questions.length === 0) return `- ${notVisible}`
  return questions.map((question) => `- ${answerOne(scene, question, random, settings)}`).join('\n')
}

function answerOne(scene: Scene, question: string, random: Random, settings: SeeingSettings): string {
  const errs = random.chance(settings.answererErrorRate)
  const place = placeAskedFor(scene, question)
  if (place !== undefined) {
    const cell = scene.cells[place.index] ?? null
    const seen = errs ? otherThan(cell, random) : cell
    return seen === null
      ? `There is nothing at the ${place.name}.`
      : `At the ${place.name} there is a ${seen.color} ${seen.shape}.`
  }
  const right = workOut(scene, scene.cells, { question, choices: [] }, settings).answer
  if (right === 'unknown') return notVisible
  return wordAnswer(question, errs ? wrongAnswer(right, [], random) : right)
}

/**
 * The cell that `What is at the top left?` asks for, in any of the words for a place that readers
 * here know.
 */
function placeAskedFor(scene: Scene, question: string): { name: string; index: number } | undefined {
  const text = question.toLowerCase().replaceAll('-', ' ').replace('upper', 'top').replace('lower', 'bottom')
  const asked = /^what (?:is|can be seen|do you see) (?:at|in) the (.+?)(?: corner| cell)?\?*$/.exec(text)?.[1]
  const index = positionNames(scene).findIndex((name) => name === asked)
  return asked === undefined || index === -1 ? undefined : { name: asked, index }
}

/**
 * A count or a verdict as a sentence that needs no question beside it; every other answer
 * unchanged.
 */
function wordAnswer(question: string, answer: string): string {
  const asked = /^(how many|is there) (.+?)(?: are there)?(?: in the picture)?\?*$/i.exec(question)
  const [, opening = '', what = ''] = asked ?? []
  if (opening.toLowerCase() === 'how many' && /^\w+( \w+)?$/.test(what)) {
    if (answer === '0') return `There are no ${what}.`
    return answer === '1' ? `There is 1 ${what.replace(/s$/, '')}.` : `There are ${answer} ${what}.`
  }
  if (opening.toLowerCase() === 'is there') {
    return answer === 'yes' ? `Yes, there is ${what}.` : `No, there is no ${what.replace(/^(?:an?|any) /, '')}.`
  }
  return answer
}

function otherThan(cell: Cell, random: Random): Cell {
  if (cell === null) return { color: random.pick(colorNames), shape: random.pick(shapeNames) }
  return random.chance(0.5)
    ? { ...cell, color: random.pick(colorNames.filter((color) => color !== cell.color)) }
    : { ...cell, shape: random.pick(shapeNames.filter((shape) => shape !== cell.shape)) }
}

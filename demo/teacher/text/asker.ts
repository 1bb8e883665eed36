import { positionNames } from '../../scene.ts'
import { createRandom, seedOf } from '../../random.ts'
import { missingPlaces, readKnown } from './known.ts'
import type { TextSettings } from './settings.ts'

/** Used where a prompt names no limit. */
const defaultLimit = 4

/**
 * Reads what is known of a picture and asks `- What is at the top left?` for every place that is
 * missing or contradicted and was not asked for yet, or says `complete`. The words and errors
 * depend only on the teacher's seed, the prompt and the request's seed.
 */
export function askMissing(prompt: string, requestSeed: number, settings: TextSettings): string {
  const random = createRandom(seedOf(settings.seed, 'asker', prompt, requestSeed))
  const { description, answers, limit } = readAskPrompt(prompt)
  const names = positionNames(settings.grid)
  const asked = new Set(names.filter((place) => answers.includes(`the ${place}?`)))
  const missing = missingPlaces(readKnown(`${description}\n${answers}`, settings.grid))
  const open = missing.filter((place) => !asked.has(place)).slice(0, limit)
  if (random.chance(settings.askerErrorRate)) {
    // A gap that is overlooked; without one, a question that nobody who sees the picture can
    // answer.
    if (open.length > 0) open.splice(random.integer(open.length), 1)
    else return '- Who painted it?'
  }
  return open.length === 0 ? 'complete' : open.map((place) => `- What is at the ${place}?`).join('\n')
}

function readAskPrompt(prompt: string): { description: string; answers: string; limit: number } {
  const [, description = prompt, rest = ''] =
    /Description:\n([\s\S]*?)\n\nAnswers so far:\n([\s\S]*)$/.exec(prompt) ?? []
  // The last paragraph is the task.
  const end = rest.lastIndexOf('\n\n')
  const limit = /\bat most (\d{1,4}) short questions\b/.exec(rest.slice(Math.max(end, 0)))?.[1]
  return { description, answers: end === -1 ? '' : rest.slice(0, end), limit: Number(limit ?? defaultLimit) }
}

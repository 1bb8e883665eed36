import { readQuestion } from '../read-prompt.ts'
import type { Asked } from '../read-prompt.ts'
import { readScene } from '../see.ts'
import { askedIn } from './own-answer.ts'
import { roleByPrompt, roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'

interface Grade {
  rating: number
  why: string
}

/**
 * How hard a question is by its structure, which is the number of steps from seeing to the answer.
 */
const gradeOf: Readonly<Record<Asked['kind'], Grade>> = {
  exists: { rating: 2, why: 'One thing is looked for.' },
  place: { rating: 2, why: 'One place is looked at.' },
  count: { rating: 3, why: 'One group is counted.' },
  compare: { rating: 5, why: 'Two groups are counted and compared.' },
  describe: { rating: 6, why: 'What is seen is put into words of its own.' },
  sum: { rating: 7, why: 'Two groups are counted together.' },
  difference: { rating: 7, why: 'Two groups are counted and one is taken from the other.' },
}
const otherGrade: Grade = { rating: 6, why: 'The question has a form of its own.' }

const look: SeeingRole = async (image, prompt, seed, settings) => {
  await readScene(image, settings.grid)
  const random = roleRandom('rate', image, prompt, seed, settings)
  const { question } = askedIn(prompt)
  const kind = readQuestion(question)?.kind
  const { rating, why } = kind === undefined ? otherGrade : gradeOf[kind]
  const noise = random.integer(2 * settings.ratingNoise + 1) - settings.ratingNoise
  return `${why}\nrating: ${Math.min(10, Math.max(1, rating + noise))}`
}

/**
 * Rates how hard a question is by its structure, give or take a point. The picture changes only
 * that point.
 */
export const rate = roleByPrompt('demo-rater', 'a "Question:" with its "Answer:" and a last line "rating:"', {
  rate: look,
})

import { askedIn } from './own-answer.ts'
import { readScene } from '../see.ts'
import { roleByPrompt, roleRandom } from './role.ts'
import type { SeeingRole } from './role.ts'

/** How hard a question of this form is by its steps, hardest forms first where one opening begins two. */
const GRADES: readonly { form: RegExp; rating: number; why: string }[] = [
  { form: /^how many more\b/i, rating: 7, why: 'Two groups are counted and one is taken from the other.' },
  { form: /^how many\b.* or /i, rating: 7, why: 'Two groups are counted together.' },
  { form: /^how many\b/i, rating: 3, why: 'One group is counted.' },
  { form: /^are there more\b/i, rating: 5, why: 'Two groups are counted and compared.' },
  { form: /^is there\b/i, rating: 2, why: 'One thing is looked for.' },
  { form: /^(?:which|what) (?:colou?r|shape) is (?:at|in) the\b/i, rating: 2, why: 'One place is looked at.' },
]
const OTHER = { rating: 6, why: 'The answer is put into words of its own.' }

const look: SeeingRole = async (image, prompt, seed, settings) => {
  await readScene(image, settings.grid)
  const random = roleRandom('rate', image, prompt, seed, settings)
  const { question } = askedIn(prompt)
  const { rating, why } = GRADES.find(({ form }) => form.test(question)) ?? OTHER
  const noise = random.integer(2 * settings.ratingNoise + 1) - settings.ratingNoise
  return `${why}\nrating: ${Math.min(10, Math.max(1, rating + noise))}`
}

/** Rates how hard a question is by its form alone, give or take a point. The picture is read only to refuse what is none. */
export const rate = roleByPrompt('demo-rater', 'a "Question:" with its "Answer:" and a last line "rating:"', {
  rate: look,
})

import { createHash } from 'node:crypto'
import { createRandom, seedOf } from '../random.ts'
import { readScene } from './see.ts'
import { misread, wordCaption } from './vision/caption-words.ts'
import type { PromptKind } from './vision/prompt-kind.ts'
import { explainAnswer } from './vision/pseudo-cot.ts'
import { describeForQuestion } from './vision/question-caption.ts'
import { roleByPrompt } from './vision/role.ts'
import type { SeeingRole } from './vision/role.ts'
import type { VisionSettings } from './vision/settings.ts'

const roleOf: Readonly<Partial<Record<PromptKind, SeeingRole>>> = {
  describe: (image, _, seed, settings) => describePicture(image, seed, settings),
  'explain-answer': explainAnswer,
  'describe-for-question': describeForQuestion,
}

/**
 * The prompt decides whether it describes a picture, explains a given answer from it, or describes
 * it for a question.
 */
export const caption = roleByPrompt(
  'demo-captioner',
  'a prompt that asks for a description, or a "Question:" with its "Answer:" or an "Explanation:"',
  roleOf,
)

/**
 * Describes a picture from its pixels alone. The words and the errors depend only on the teacher's
 * seed, the picture's bytes and the request's seed: not on the prompt, so that campaigns recorded
 * earlier read the same. Throws UnreadablePicture.
 */
export async function describePicture(
  image: Buffer,
  requestSeed: number,
  settings: Pick<VisionSettings, 'seed' | 'grid' | 'captionErrorRate'>,
): Promise<string> {
  const scene = await readScene(image, settings.grid)
  const hash = createHash('sha256').update(image).digest('hex')
  const random = createRandom(seedOf(settings.seed, 'caption', hash, requestSeed))
  const seen = random.chance(settings.captionErrorRate) ? misread(scene, random) : scene.cells
  return wordCaption(scene, seen, random)
}

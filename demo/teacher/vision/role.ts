import { createHash } from 'node:crypto'
import { createRandom, seedOf } from '../../random.ts'
import type { Random } from '../../random.ts'
import { RefusedRequest } from '../chat-request.ts'
import type { ReasonerSettings } from '../reasoner.ts'
import { promptKind } from './prompt-kind.ts'
import type { PromptKind } from './prompt-kind.ts'
import type { VisionSettings } from './settings.ts'

/** Settings of a seeing role: how it errs, and how the reasoner words its conclusions. */
export type SeeingSettings = VisionSettings & ReasonerSettings

/**
 * A role that looks at one picture: the text that it writes for a prompt under a sample's seed.
 * Rejects with UnreadablePicture, and with RefusedRequest when the role does not know the prompt.
 */
export type SeeingRole = (image: Buffer, prompt: string, seed: number, settings: SeeingSettings) => Promise<string>

/**
 * A model that plays the role that the prompt asks for. It refuses any other prompt, and says which
 * prompts it takes.
 */
export function roleByPrompt(
  model: string,
  takes: string,
  roles: Readonly<Partial<Record<PromptKind, SeeingRole>>>,
): SeeingRole {
  return async (image, prompt, seed, settings) => {
    const kind = promptKind(prompt)
    const role = kind === undefined ? undefined : roles[kind]
    if (role === undefined) {
      throw new RefusedRequest(
        400,
        'invalid_value',
        'messages',
        `${model} is a program of rules that knows few prompts. It takes ${takes}; this prompt is something else.`,
      )
    }
    return role(image, prompt, seed, settings)
  }
}

/**
 * A role's own stream: it depends on the teacher's seed, the role, the picture's bytes, the prompt
 * and the request's seed.
 */
export function roleRandom(role: string, image: Buffer, prompt: string, seed: number, own: { seed: number }): Random {
  return createRandom(roleSeed(role, image, prompt, seed, own))
}

/** The seed of that stream. */
export function roleSeed(role: string, image: Buffer, prompt: string, seed: number, own: { seed: number }): number {
  return seedOf(own.seed, role, createHash('sha256').update(image).digest('hex'), prompt, seed)
}

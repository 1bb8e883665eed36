import { z } from 'zod'
import { contentHash } from '../../artifacts/hash.ts'
import type { Described } from '../../data/statistics/diversity.ts'
import { parseJson } from '../../domain/json-text.ts'

/** What statistics need of a row. */
export interface TrainingLine extends Described {
  trace: string | null
}

const text = z.string().nullish().catch(null)
/** Parts of a message as chat APIs write them. Pictures among the parts are left out here. */
const content = z.union([
  z.string(),
  z
    .array(z.union([z.string(), z.object({ text: z.string() }), z.unknown().transform(() => null)]))
    .transform((parts) => parts.map((part) => (typeof part === 'string' ? part : (part?.text ?? ''))).join('')),
])
const messages = z.array(
  z
    .object({
      role: z.string().optional(),
      from: z.string().optional(),
      content: content.optional(),
      value: content.optional(),
    })
    .transform((turn) => ({ role: turn.role ?? turn.from ?? '', text: turn.content ?? turn.value ?? '' })),
)
const images = z
  .union([z.string().transform((one) => [one]), z.array(z.unknown())])
  .nullish()
  .catch(null)

/**
 * Forms of rows in training files: Hone's, LLaMA-Factory's, EasyR1's, WeThink's, and plain rows.
 */
const line = z.object({
  messages: messages.nullish(),
  conversations: messages.nullish(),
  prompt: z.union([text, messages]).nullish().catch(null),
  question: text,
  problem: text,
  instruction: text,
  trace: text,
  response: text,
  refined_cot: text,
  answer: z.union([z.string(), z.number(), z.boolean()]).transform(String).nullish().catch(null),
  choices: z.array(z.string()).nullish().catch(null),
  images,
  image: images,
  image_path: images,
  metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
  type: z.unknown().optional(),
  abilities: z.unknown().optional(),
  category: z.unknown().optional(),
})

const asking = new Set(['user', 'human'])
const answering = new Set(['assistant', 'gpt'])

/**
 * Reads a line of a training file. Null when the line is no JSON object, or has neither a question
 * nor a trace nor a picture.
 */
export function readTrainingLine(json: string): TrainingLine | null {
  const parsed = line.safeParse(parseJson(json))
  if (!parsed.success) return null
  const found = parsed.data
  const turns = found.messages ?? found.conversations ?? (Array.isArray(found.prompt) ? found.prompt : [])
  const said = (roles: ReadonlySet<string>): string | undefined => turns.find(({ role }) => roles.has(role))?.text
  const plain = typeof found.prompt === 'string' ? found.prompt : undefined
  const question = said(asking) ?? found.question ?? found.problem ?? found.instruction ?? plain ?? ''
  const lastReply = turns.findLast(({ role }) => answering.has(role))?.text
  const trace = lastReply ?? found.trace ?? found.response ?? found.refined_cot ?? null
  const pictures = found.images ?? found.image ?? found.image_path ?? []
  if (question.trim() === '' && (trace ?? '').trim() === '' && pictures.length === 0) return null
  const { type, abilities, category } = found
  return {
    question,
    trace,
    answer: found.answer ?? null,
    choices: found.choices ?? null,
    images: pictures.map(pictureName),
    metadata: { type, abilities, category, ...found.metadata },
  }
}

/** Some files hold whole pictures. Their hashes tell them apart as well, and fit in memory. */
function pictureName(picture: unknown): string {
  const name = typeof picture === 'string' ? picture : JSON.stringify(picture)
  return name.length <= 200 ? name : contentHash(name)
}

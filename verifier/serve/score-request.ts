import { serialize } from 'node:v8'
import { z } from 'zod'
import { HoneError } from '../../domain/errors.ts'
import { rewardNames } from '../../domain/recipe/steps.ts'
import { judgeFields, rewardKinds, saidOf } from '../../domain/answer-check.ts'
import { judgeId } from '../judge/judge-file.ts'
import type { RewardName } from '../reward.ts'
import { parseVerifyCase } from '../verdict.ts'
import type { ScoreCase } from './open-row.ts'
import type { PackedRows } from './thread-messages.ts'

/** Most completions in one request. */
const maxItems = 4096
/** A chunk is cut when its answers reach this many characters, however few its rows are. */
const chunkCharacters = 512 * 1024

/**
 * Body of `POST /v1/score`. `judge` is an id, never an address: see judge-file.ts. `stage` and
 * `step` are the trainer's own marks; they do not change a score.
 */
const scoreRequestSchema = z.object({
  reward: z.object({ name: z.enum(rewardNames), judge: judgeId.nullish() }),
  stage: z.union([z.string(), z.number()]).nullish(),
  step: z.number().nullish(),
  items: z.array(z.unknown()).max(maxItems),
})

const refused = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep })

/**
 * Parses the bytes of a request's body. Costs up to 10 ms a megabyte, so it runs in a thread of the
 * pool. Throws HoneError (InvalidInput) that names the wrong field, and the row's id where a row is
 * wrong.
 */
export function readScoreRequest(body: Uint8Array): { reward: RewardName; judge: string | null; cases: ScoreCase[] } {
  const parsed = scoreRequestSchema.safeParse(parseJson(body))
  if (!parsed.success) {
    throw refused(z.prettifyError(parsed.error), 'Send {"reward":{"name":…},"items":[{"id","gold","answer"}, …]}.')
  }
  const { reward, items } = parsed.data
  return { reward: reward.name, judge: reward.judge ?? null, cases: items.map(parseScoreCase) }
}

const asked = judgeFields.partial()

/**
 * Parses one item of a score request. Throws HoneError (InvalidInput) that names the row's id and
 * the wrong field.
 */
export function parseScoreCase(item: unknown): ScoreCase {
  const row = parseVerifyCase(item)
  const parsed = asked.safeParse(item)
  if (!parsed.success) {
    throw parsed.error.issues[0]?.path[0] === 'question'
      ? refused(`Row "${row.id}": "question" is not a text.`, 'Leave it out, or give the question as one string.')
      : refused(`Row "${row.id}": unknown "reward".`, `Use one of ${rewardKinds.join(', ')}, or leave it out.`)
  }
  return { ...row, ...saidOf(parsed.data) }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    throw refused('The body is not JSON.', 'Send {"reward":{"name":…},"items":[{"id","gold","answer"}, …]}.')
  }
}

/**
 * Where the chunk that starts at `from` ends: after `maxRows` rows or `chunkCharacters`, but after
 * at least one row.
 */
export function chunkEnd(cases: readonly ScoreCase[], from: number, maxRows: number): number {
  let characters = 0
  let to = from
  while (to < cases.length && to - from < maxRows && characters < chunkCharacters) {
    characters += cases[to]?.answer.length ?? 0
    to++
  }
  return to
}

/** Packs the cases into chunks that the main thread passes on unread. */
export function packCases(cases: readonly ScoreCase[], maxRows: number): PackedRows[] {
  const chunks: PackedRows[] = []
  for (let from = 0; from < cases.length;) {
    const to = chunkEnd(cases, from, maxRows)
    chunks.push({ bytes: new Uint8Array(serialize(cases.slice(from, to))), rows: to - from })
    from = to
  }
  return chunks
}

/**
 * What the judge may say, and what it is worth. Each tier earns at most half of the one above it: a model that could give
 * the whole answer loses by giving a vague one, and hedging never pays. Even steps (1, 0.75, 0.5) were rejected for that
 * reason; WeThink (arXiv 2506.07905) grades free text in tiers too, but does not publish its own. Four grades and no
 * finer: model graders agree with themselves on coarse scales only. `cannot-tell` has no score, the judge abstains.
 */
export const judgeTiers = { correct: 1, mostly: 0.5, partial: 0.25, incorrect: 0, 'cannot-tell': null } as const
export type JudgeTier = keyof typeof judgeTiers

const tierNames = new Map(Object.keys(judgeTiers).map((name) => [name, name as JudgeTier]))

/** A reply says at most so much before its tier; models that think aloud need room. Tokens. */
export const JUDGE_MAX_TOKENS = 2048

/**
 * Reads a judge's reply: its last line is `tier: <name>` and no other line begins so. Thinking in front
 * (`<think>…</think>`) is left out. Anything else, however clear to a person, is null: a guess at what the judge meant
 * could be steered by what the answer made it write.
 */
export function readTier(reply: string): JudgeTier | null {
  const thinkingEnd = reply.lastIndexOf('</think>')
  const said = thinkingEnd === -1 ? reply : reply.slice(thinkingEnd + '</think>'.length)
  const lines = said
    .split('\n')
    .map((line) => line.trim().toLowerCase())
    .filter((line) => line !== '')
  const named = lines.filter((line) => line.startsWith('tier:'))
  const last = lines.at(-1)
  if (named.length !== 1 || last === undefined || !last.startsWith('tier:')) return null
  return tierNames.get(last.slice('tier:'.length).trim()) ?? null
}

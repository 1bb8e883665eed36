/**
 * The tiers that a judge may give, with their scores. Each tier earns at most half of the one above
 * it: a model that could give the whole answer loses by giving a vague one, and hedging never pays.
 * Even steps (1, 0.75, 0.5) were rejected for that reason; WeThink (arXiv 2506.07905) grades free
 * text in tiers too, but does not publish its own. Four grades and no finer: model graders agree
 * with themselves on coarse scales only. `cannot-tell` has no score: the judge abstains.
 */
export const judgeTiers = { correct: 1, mostly: 0.5, partial: 0.25, incorrect: 0, 'cannot-tell': null } as const
export type JudgeTier = keyof typeof judgeTiers

const tierNames = new Map(Object.keys(judgeTiers).map((name) => [name, name as JudgeTier]))

/** Most tokens of a reply, its tier included. Models that think aloud need room. */
export const judgeMaxTokens = 2048

/**
 * Reads the tier of a judge's reply: the last line is `tier: <name>` and no other line begins with
 * `tier:`. Thinking in front (`<think>…</think>`) is left out. Any other reply, however clear to a
 * person, gives null: an answer that steers the judge's words could steer a guess at their meaning.
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

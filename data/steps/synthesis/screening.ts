import { withoutReasoning } from '../../../verifier/format.ts'

/**
 * Reads `verdict: keep` or `verdict: reject` on a line of its own, outside think tags. Exactly one such line must stand
 * there: with none or several nobody knows what was meant, and a guess would let bad questions through.
 */
export function readScreening(reply: string): 'keep' | 'reject' | 'unreadable' {
  const { spoken, unclosed } = withoutReasoning(reply)
  const found = spoken
    .split(/\r?\n/)
    .flatMap((line) => /^[\s*_`>#-]*verdict[\s*_`]*:[\s*_`]*(keep|reject)[\s*_`.]*$/i.exec(line)?.[1] ?? [])
  const [only] = found
  if (unclosed || only === undefined || found.length > 1) return 'unreadable'
  return only.toLowerCase() === 'keep' ? 'keep' : 'reject'
}

import { withoutReasoning } from '../../../verifier/format.ts'

/**
 * Reads a line `verdict: keep` or `verdict: reject` outside think tags. Without exactly one such
 * line the result is `unreadable`: a guess would let bad questions through.
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

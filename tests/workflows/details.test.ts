import { describe, expect, it } from 'vitest'
import type { RoundSummary } from '../../activities/types.ts'
import { campaignDetails } from '../../workflows/details.ts'

const closed = (round: number): RoundSummary => ({
  round,
  parent: round === 0 ? null : round - 1,
  status: 'closed',
  decision: round === 0 ? null : 'promote',
  scores: [{ benchmark: 'report', n: 1000, accuracy: 0.5, low: 0.47, high: 0.53 }],
  seconds: 60,
})

describe('the page of a campaign', () => {
  it('shows the newest round first, with what runs in it, also before the round was read', () => {
    const running = { round: 2, step: 'rl', progress: 'step 8 of 10' }
    const lines = campaignDetails({ status: 'running', head: 1, rounds: [closed(0), closed(1)], running }).split('\n')
    expect(lines.slice(4)).toEqual([
      '| 2 | 1 | rl | step 8 of 10 | — | — |',
      '| 1 **head** | 0 | closed | 60 s | report 50.0 % ± 3.0 (n 1000) | promote |',
      '| 0 | — | closed | 60 s | report 50.0 % ± 3.0 (n 1000) | — |',
    ])
  })

  it('names the verifier at each score where versions differ, and says that they are not comparable', () => {
    const by = (round: number, verifier: string): RoundSummary => ({
      ...closed(round),
      scores: closed(round).scores.map((score) => ({ ...score, verifier })),
    })
    const page = (rounds: RoundSummary[]) => campaignDetails({ status: 'running', head: 1, rounds, running: null })
    const mixed = page([by(0, '2.0.0'), by(1, '3.0.0')])
    expect(mixed).toContain('report 50.0 % ± 3.0 (n 1000), verifier 2.0.0 |')
    expect(mixed).toContain('report 50.0 % ± 3.0 (n 1000), verifier 3.0.0 |')
    expect(mixed).toContain('not comparable')
    expect(page([by(0, '3.0.0'), by(1, '3.0.0')])).toBe(page([closed(0), closed(1)]))
  })

  it('stays small however long the campaign is: the details travel as one payload', () => {
    const rounds = Array.from({ length: 500 }, (_, round) => closed(round))
    const text = campaignDetails({ status: 'running', head: 499, rounds, running: null })
    expect(text.length).toBeLessThan(8 * 1024)
    expect(text).toContain('| 499 **head** |')
  })
})

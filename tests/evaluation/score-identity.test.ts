import { describe, expect, it } from 'vitest'
import { scoreIdentity } from '../../evaluation/score-identity.ts'
import type { ScoreIdentityParts } from '../../evaluation/score-identity.ts'

const parts: ScoreIdentityParts = {
  benchmarkRevision: 'rev-1',
  promptHash: 'p-1',
  decoding: { temperature: 0, maxTokens: 64 },
  imageLimits: { minPixels: null, maxPixels: 3136 },
  graderVersion: '1.0.0',
  judge: null,
}

describe('score identity', () => {
  it('has the same hash for any order of keys', () => {
    const reordered = { ...parts, decoding: { maxTokens: 64, temperature: 0 } }
    expect(scoreIdentity(reordered).hash).toBe(scoreIdentity(parts).hash)
  })

  it.each([
    ['benchmarkRevision', { benchmarkRevision: 'rev-2' }],
    ['promptHash', { promptHash: 'p-2' }],
    ['decoding', { decoding: { temperature: 0.1, maxTokens: 64 } }],
    ['imageLimits', { imageLimits: { minPixels: null, maxPixels: 6272 } }],
    ['graderVersion', { graderVersion: '1.0.1' }],
    ['judge', { judge: 'some-judge/v1' }],
  ])('differs when %s differs', (_, change) => {
    expect(scoreIdentity({ ...parts, ...change }).hash).not.toBe(scoreIdentity(parts).hash)
  })
})

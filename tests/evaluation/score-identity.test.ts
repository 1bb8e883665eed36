import { describe, expect, it } from 'vitest'
import { gradedBy, scoreIdentity } from '../../evaluation/score-identity.ts'
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

  it('without a policy keeps the hash of versions without that part', () => {
    const before = {
      benchmarkRevision: 'r',
      promptHash: 'p',
      decoding: { temperature: 0 },
      imageLimits: { minPixels: null, maxPixels: null },
      graderVersion: '2.0.0',
      judge: null,
    }
    expect(scoreIdentity(before).hash).toBe('988fd2afc719363af93f1eaff542bdfab00e81a913cf0bcec026246569d9ce7f')
  })

  it('by another grader keeps how the replies were made', () => {
    const stored = scoreIdentity(parts)
    const grader = { graderVersion: '2.0.0', judge: 'some-judge/v1', policy: { form: 'any' as const } }
    expect(gradedBy(stored, grader)).toEqual(scoreIdentity({ ...parts, ...grader }))
    expect(gradedBy(scoreIdentity({ ...parts, ...grader }), parts)).toEqual(stored)
    expect(gradedBy({ graderVersion: '1.0.0' }, grader)).toBeNull()
  })

  it.each([
    ['benchmarkRevision', { benchmarkRevision: 'rev-2' }],
    ['promptHash', { promptHash: 'p-2' }],
    ['decoding', { decoding: { temperature: 0.1, maxTokens: 64 } }],
    ['imageLimits', { imageLimits: { minPixels: null, maxPixels: 6272 } }],
    ['graderVersion', { graderVersion: '1.0.1' }],
    ['judge', { judge: 'some-judge/v1' }],
    ['policy', { policy: { form: 'any' as const } }],
  ])('differs when %s differs', (_, change) => {
    expect(scoreIdentity({ ...parts, ...change }).hash).not.toBe(scoreIdentity(parts).hash)
  })
})

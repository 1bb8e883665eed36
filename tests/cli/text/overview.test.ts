import { describe, expect, it } from 'vitest'
import { progressText } from '../../../cli/text/overview.ts'

describe('progress', () => {
  const step = { round: 2, step: 'sft', kind: 'sft', notice: null, seconds: 65, done: 0, total: 500 }
  const job = {
    id: 'j',
    kind: 'sft',
    state: 'running',
    attempt: 1,
    step: 120,
    metrics: { totalSteps: 250, loss: 0.4123, odd: 1 },
  }

  it('of a training is its steps and metrics', () => {
    expect(progressText({ ...step, job })).toBe('round 2  sft  step 120 of 250  loss 0.412  1 min 05 s')
    expect(progressText({ ...step, job: { ...job, attempt: 2 } })).toContain('attempt 2')
    expect(progressText({ ...step, job: { ...job, step: null, metrics: {}, state: null } })).toContain(
      'not submitted yet',
    )
  })

  it('of a data step is its rows, also while a model is served for it', () => {
    expect(progressText({ ...step, step: 'sample', done: 120, job: null })).toBe(
      'round 2  sample  120 of 500 rows  1 min 05 s',
    )
    expect(progressText({ ...step, step: 'sample', done: 120, job: { ...job, kind: 'serve' } })).toContain(
      '120 of 500 rows',
    )
  })
})

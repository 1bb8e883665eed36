import { describe, expect, it } from 'vitest'
import { changeLines } from '../../../cli/text/changes.ts'
import type { EventRecord } from '../../../db/events.ts'
import type { StepView } from '../../../db/round-views.ts'
import type { StepProgress } from '../../../db/step-progress.ts'
import type { CampaignLook, RoundView } from '../../../views/campaign.ts'

const step: StepView = {
  id: 7,
  round: 1,
  name: 'reason',
  kind: 'reason',
  status: 'running',
  reason: null,
  rowsIn: 100,
  rowsOut: 40,
  dropped: 10,
  failed: 0,
  seconds: 65,
  checkpoint: null,
  scores: [],
  earlierScores: [],
}
const round: RoundView = {
  round: 1,
  parent: 0,
  status: 'running',
  decision: null,
  decisionDetail: null,
  reason: null,
  checkpoint: null,
  checkpointPath: null,
  seconds: 65,
  steps: [step],
}
const progress: StepProgress = {
  round: 1,
  step: 'reason',
  kind: 'reason',
  notice: null,
  seconds: 65,
  done: 50,
  total: 100,
  job: null,
}
const act: EventRecord = {
  id: 1,
  campaignId: 'demo',
  kind: 'paused',
  who: 'ada',
  why: 'lunch',
  at: new Date(0),
  fromRound: null,
  toRound: null,
  data: null,
  dedupeKey: null,
}

/** The overview of a campaign whose first round runs. */
function look({
  rounds = [round],
  running = [progress],
  events = [],
  ...overview
}: Partial<CampaignLook['overview'] & Pick<CampaignLook, 'running' | 'events'>> = {}): CampaignLook {
  const requests = { paid: 0, reused: 0, failed: 0, promptTokens: 0, completionTokens: 0 }
  const spending = { requests: 0, tokens: 0, costs: {}, budget: null }
  const common = { campaign: 'demo', status: 'running', statusReason: null, head: 0, base: null } as const
  return { overview: { ...common, jobs: [], rounds, requests, spending, ...overview }, running, events }
}

describe('lines of what changed', () => {
  it('at the first look name the running step and the state of the campaign, but no act', () => {
    expect(changeLines(null, look({ events: [act] }))).toEqual([
      'round 1  reason  50 of 100 rows  1 min 05 s',
      'demo running, head: round 0',
    ])
  })

  it('are empty while nothing changes, and for progress of less than a tenth of a step', () => {
    expect(changeLines(look(), look())).toEqual([])
    expect(changeLines(look(), look({ running: [{ ...progress, done: 59, seconds: 80 }] }))).toEqual([])
    expect(changeLines(look(), look({ running: [{ ...progress, done: 60 }] }))).toHaveLength(1)
  })

  it('say what a step waits for, once', () => {
    const waits = look({ running: [{ ...progress, notice: 'waiting for http://x: HTTP 503; gives up at noon' }] })
    expect(changeLines(look(), waits)).toEqual(['round 1  reason  waiting for http://x: HTTP 503; gives up at noon'])
    expect(changeLines(waits, waits)).toEqual([])
    expect(changeLines(waits, look())).toEqual([])
  })

  it('name acts with user and reason', () => {
    const now = look({ events: [act], status: 'paused', statusReason: 'lunch' })
    expect(changeLines(look(), now)).toEqual(['paused by ada: lunch', 'demo paused: lunch'])
  })

  it('say how a step and a round ended', () => {
    const done: RoundView = { ...round, status: 'closed', decision: 'promote', steps: [{ ...step, status: 'done' }] }
    expect(changeLines(look(), look({ rounds: [done], running: [], head: 1 }))).toEqual([
      'round 1  reason  done: 40 of 100 rows kept, 1 min 05 s',
      'round 1  closed, promote',
      'demo running, head: round 1',
    ])
  })
})

import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type {
  CampaignState,
  GateResult,
  GpuActivities,
  InferenceActivities,
  IoActivities,
  RoundSummary,
  ScoreSummary,
  ShardPlan,
  StepToRun,
} from '../../activities/types.ts'
import type { Budget } from '../../domain/budget.ts'
import { headRefusal } from '../../domain/lineage.ts'
import { nextRound } from '../../domain/recipe/round-plan.ts'

const score: ScoreSummary = { benchmark: 'dev', n: 100, accuracy: 0.5, low: 0.4, high: 0.6 }
const counts = { rowsIn: 10, kept: 8, dropped: 2, failed: 0 }

/**
 * Fake activities for the control flow of workflows: a campaign in memory replaces Postgres,
 * endpoints and trainers. Trainings run until they are released or cancelled. `failures` makes the
 * next call of an activity fail.
 */
export class FakeHone {
  readonly calls: string[] = []
  status: CampaignState['status'] = 'running'
  statusReason: string | null = null
  head = 0
  rounds: (RoundSummary & { number: number })[] = []
  readonly failures = new Map<string, Error>()
  gate: GateResult = { decision: 'promote', action: 'advance', summary: 'dev +3.0' }
  /** Trainings of these steps wait for `release`. */
  readonly held = new Set<string>()
  readonly training = new Set<string>()
  roundsWanted: number

  /** The budget of the last command. */
  budget: Budget | null = null

  /** The shards of a data step. `longest`: a stretch returns after this many shards. */
  plan: ShardPlan = { shards: 3, lanes: 2, isDone: false }
  longest = Number.POSITIVE_INFINITY

  /** Whether rounds choose among the weights that a training kept. */
  selects = false

  constructor(roundsWanted = 2) {
    this.roundsWanted = roundsWanted
  }

  private say(call: string): void {
    this.calls.push(call)
    const failure = this.failures.get(call)
    if (!failure) return
    this.failures.delete(call)
    throw failure
  }

  readonly io: IoActivities = {
    loadCampaign: async () => ({
      status: this.status,
      head: this.head,
      roundsWanted: this.roundsWanted,
      rounds: this.rounds,
      next: nextRound(this.rounds, this.head, this.roundsWanted),
    }),
    setCampaignStatus: async ({ status, reason }) => {
      this.status = status
      this.statusReason = reason
    },
    recordCommand: async ({ kind, why, budget }) => {
      this.say(kind)
      if (budget) this.budget = budget
      this.status = kind === 'paused' ? 'paused' : 'running'
      this.statusReason = why
    },
    moveHead: async ({ campaign, to, kind }) => {
      const from = this.head
      const refusal = headRefusal(
        campaign,
        to,
        this.rounds.find((round) => round.number === to),
      )
      if (refusal) throw ApplicationFailure.nonRetryable(refusal.message, refusal.type, refusal.nextStep)
      this.say(`${kind} ${from} → ${to}`)
      this.head = to
      return { from, to }
    },
    openRound: async ({ round, parent }) => {
      this.say(`open ${round} on ${parent}`)
      const found = this.rounds.find((each) => each.number === round)
      if (found) found.status = 'running'
      else
        this.rounds.push({ number: round, round, parent, status: 'running', decision: null, scores: [], seconds: null })
      return { steps: round === 0 ? [{ kind: 'evaluation', name: 'evaluate', isDone: false }] : this.steps() }
    },
    closeRound: async ({ round, status }) => {
      this.say(`${status} ${round}`)
      const found = this.rounds.find((each) => each.number === round)
      if (!found) throw new Error(`round ${round} was never opened`)
      Object.assign(found, { status, seconds: 1, scores: [score], decision: round === 0 ? null : this.gate.decision })
      return found
    },
    openDataStep: async ({ round, step }) => {
      this.say(`${step} ${round}`)
      return this.plan
    },
    sealDataStep: async () => ({ ...counts, rowsIn: 30, kept: 24, dropped: 6 }),
    openEvaluation: async ({ round, step, candidate }) => {
      this.say(`${step} ${round}${candidate === undefined ? '' : ` of ${candidate}`}`)
      return { shards: 2, lanes: 2, isDone: false }
    },
    finishEvaluation: async () => [score],
    openSelection: async ({ round, step }) => {
      this.say(`${step} ${round}`)
      const kept = [10, 15, null].map((trainStep) => ({ checkpoint: `c${trainStep ?? 'end'}`, trainStep }))
      return { candidates: kept, isDone: false }
    },
    finishSelection: async ({ round, step }) => {
      this.say(`chosen by ${step} ${round}`)
      return { checkpoint: 'c15', summary: 'step 15: dev 61.0 %, best of 3 (end 60.0 %)' }
    },
    openTraining: async ({ round, step }) => {
      this.say(`${step} ${round}`)
      return { attemptsSoFar: {} }
    },
    finishTraining: async () => {},
    decideGate: async ({ round }) => {
      this.say(`gate ${round}`)
      return this.gate
    },
    stopStep: async ({ round, step, status }) => this.say(`${step} ${round} ${status}`),
    releaseEndpoints: async ({ round, step }) => this.say(`release ${step} ${round}`),
  }

  readonly inference: InferenceActivities = {
    runDataShard: async ({ round, step, shard, shards = 1 }) => {
      const done = Math.min(shards, this.longest)
      this.say(`${step} ${round} shards ${shard} to ${shard + done - 1}`)
      return this.plan.stretch === undefined ? counts : { ...counts, shards: done }
    },
    runEvaluationShard: async () => counts,
  }

  readonly gpu: GpuActivities = {
    train: async ({ round, step }) => {
      const key = `${step} ${round}`
      this.training.add(key)
      try {
        while (this.held.has(key)) {
          Context.current().heartbeat({ step: 1 })
          await Context.current().sleep(100)
        }
      } finally {
        this.training.delete(key)
      }
      return { checkpoint: 'c0ffee'.repeat(8), stepsDone: 10, seconds: 1 }
    },
  }

  private steps(): StepToRun[] {
    return [
      { kind: 'data', name: 'describe', step: 'describe', isDone: false },
      { kind: 'training', name: 'sft', step: 'sft', phases: ['sft'], maxHours: 1, isDone: false },
      ...(this.selects ? [{ kind: 'selection' as const, name: 'select-checkpoint', isDone: false }] : []),
      { kind: 'evaluation', name: 'evaluate', isDone: false },
      { kind: 'gate', name: 'gate', isDone: false },
    ]
  }
}

import { ApplicationFailure } from '@temporalio/common'
import { FakeHone } from '../workflows/fake-hone.ts'
import { until } from '../workflows/stage.ts'
import type { Stage } from '../workflows/stage.ts'

const by = { who: 'recorder', why: 'a recorded history' }

/** One course of a campaign. Its histories are recorded once and replayed for ever. */
export interface Shape {
  name: string
  fake: () => FakeHone
  act: (fake: FakeHone, stage: Stage, campaign: string) => Promise<void>
}

const finish = async (stage: Stage, campaign: string) => {
  await stage.resultOf(campaign)
}

const holding = (step: string, rounds = 2): (() => FakeHone) => {
  return () => {
    const fake = new FakeHone(rounds)
    fake.held.add(step)
    return fake
  }
}

/** Every course that a campaign's control flow can take. */
export const shapes: readonly Shape[] = [
  { name: 'plain', fake: () => new FakeHone(2), act: (_, stage, campaign) => finish(stage, campaign) },
  {
    name: 'choosing-a-checkpoint',
    fake() {
      const fake = new FakeHone(1)
      fake.selects = true
      return fake
    },
    act: (_, stage, campaign) => finish(stage, campaign),
  },
  {
    name: 'paused-and-resumed',
    fake: holding('sft 1', 1),
    async act(fake, stage, campaign) {
      await until('it trains', () => fake.training.has('sft 1'))
      await stage.campaigns.pause(campaign, by)
      fake.held.clear()
      await until('the training is over', () => fake.training.size === 0)
      await stage.campaigns.resume(campaign, by)
      await finish(stage, campaign)
    },
  },
  {
    name: 'rolled-back-while-training',
    fake: holding('sft 2'),
    async act(fake, stage, campaign) {
      await until('round 2 trains', () => fake.training.has('sft 2'))
      await stage.campaigns.rollback(campaign, { ...by, to: 0 })
      await finish(stage, campaign)
    },
  },
  {
    name: 'rolled-back-after-the-end',
    fake: () => new FakeHone(2),
    async act(_, stage, campaign) {
      await finish(stage, campaign)
      await stage.campaigns.rollback(campaign, { ...by, to: 1 })
      await finish(stage, campaign)
    },
  },
  {
    name: 'failed-and-resumed',
    fake() {
      const fake = new FakeHone(1)
      fake.failures.set('sft 1', ApplicationFailure.nonRetryable('the loss is NaN', 'TrainingFailed'))
      return fake
    },
    async act(fake, stage, campaign) {
      await until('it failed', () => fake.status === 'failed')
      await stage.campaigns.resume(campaign, by)
      await finish(stage, campaign)
    },
  },
  {
    name: 'held-back-by-the-gate',
    fake() {
      const fake = holding('sft 2', 1)()
      fake.gate = { decision: 'regress', action: 'stay', summary: 'dev −9.0 points' }
      return fake
    },
    async act(fake, stage, campaign) {
      await until('round 2 trains', () => fake.training.has('sft 2'))
      fake.gate = { decision: 'regress', action: 'pause', summary: 'dev −9.0 points' }
      fake.held.clear()
      await until('it is paused', () => fake.status === 'paused')
      await stage.campaigns.resume(campaign, by)
      await finish(stage, campaign)
    },
  },
  {
    name: 'paused-by-its-budget',
    fake() {
      const fake = new FakeHone(1)
      fake.plan = { shards: 7, lanes: 2, stretch: 3, isDone: false }
      fake.longest = 2
      fake.failures.set(
        'describe 1 shards 3 to 4',
        ApplicationFailure.nonRetryable('the budget is reached', 'BudgetReached'),
      )
      return fake
    },
    async act(fake, stage, campaign) {
      await until('it is paused', () => fake.status === 'paused')
      await stage.campaigns.resume(campaign, { ...by, budget: { cost: 20 } })
      await finish(stage, campaign)
    },
  },
  {
    name: 'resumed-with-a-budget',
    fake() {
      const fake = new FakeHone(1)
      fake.failures.set(
        'describe 1 shards 1 to 1',
        ApplicationFailure.nonRetryable('the budget is reached', 'BudgetReached'),
      )
      return fake
    },
    async act(fake, stage, campaign) {
      await until('it is paused', () => fake.status === 'paused')
      await stage.campaigns.resume(campaign, { ...by, budget: { requests: 20 } })
      await finish(stage, campaign)
    },
  },
]

import { ApplicationFailure } from '@temporalio/common'
import type { CampaignClient } from '../../client/campaigns.ts'
import { FakeHone } from '../workflows/fake-hone.ts'
import { until } from '../workflows/stage.ts'

const by = { who: 'recorder', why: 'a recorded history' }

/** A way a campaign can go. Its histories are recorded once and replayed for ever. */
export interface Shape {
  name: string
  fake: () => FakeHone
  act: (fake: FakeHone, campaigns: CampaignClient, campaign: string) => Promise<void>
}

const finish = async (campaigns: CampaignClient, campaign: string) => {
  await campaigns.handle(campaign).result()
}

const holding = (step: string, rounds = 2): (() => FakeHone) => {
  return () => {
    const fake = new FakeHone(rounds)
    fake.held.add(step)
    return fake
  }
}

/** Every shape of a campaign that control flow can take. */
export const shapes: readonly Shape[] = [
  { name: 'plain', fake: () => new FakeHone(2), act: (_, campaigns, campaign) => finish(campaigns, campaign) },
  {
    name: 'choosing-a-checkpoint',
    fake() {
      const fake = new FakeHone(1)
      fake.selects = true
      return fake
    },
    act: (_, campaigns, campaign) => finish(campaigns, campaign),
  },
  {
    name: 'paused-and-resumed',
    fake: holding('sft 1', 1),
    async act(fake, campaigns, campaign) {
      await until('it trains', () => fake.training.has('sft 1'))
      await campaigns.pause(campaign, by)
      fake.held.clear()
      await until('the training is over', () => fake.training.size === 0)
      await campaigns.resume(campaign, by)
      await finish(campaigns, campaign)
    },
  },
  {
    name: 'rolled-back-while-training',
    fake: holding('sft 2'),
    async act(fake, campaigns, campaign) {
      await until('round 2 trains', () => fake.training.has('sft 2'))
      await campaigns.rollback(campaign, { ...by, to: 0 })
      await finish(campaigns, campaign)
    },
  },
  {
    name: 'rolled-back-after-the-end',
    fake: () => new FakeHone(2),
    async act(_, campaigns, campaign) {
      await finish(campaigns, campaign)
      await campaigns.rollback(campaign, { ...by, to: 1 })
      await finish(campaigns, campaign)
    },
  },
  {
    name: 'failed-and-resumed',
    fake() {
      const fake = new FakeHone(1)
      fake.failures.set('sft 1', ApplicationFailure.nonRetryable('the loss is NaN', 'TrainingFailed'))
      return fake
    },
    async act(fake, campaigns, campaign) {
      await until('it failed', () => fake.status === 'failed')
      await campaigns.resume(campaign, by)
      await finish(campaigns, campaign)
    },
  },
  {
    name: 'held-back-by-the-gate',
    fake() {
      const fake = holding('sft 2', 1)()
      fake.gate = { decision: 'regress', action: 'stay', summary: 'dev −9.0 points' }
      return fake
    },
    async act(fake, campaigns, campaign) {
      await until('round 2 trains', () => fake.training.has('sft 2'))
      fake.gate = { decision: 'regress', action: 'pause', summary: 'dev −9.0 points' }
      fake.held.clear()
      await until('it is paused', () => fake.status === 'paused')
      await campaigns.resume(campaign, by)
      await finish(campaigns, campaign)
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
    async act(fake, campaigns, campaign) {
      await until('it is paused', () => fake.status === 'paused')
      await campaigns.resume(campaign, { ...by, budget: { cost: 20 } })
      await finish(campaigns, campaign)
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
    async act(fake, campaigns, campaign) {
      await until('it is paused', () => fake.status === 'paused')
      await campaigns.resume(campaign, { ...by, budget: { requests: 20 } })
      await finish(campaigns, campaign)
    },
  },
]

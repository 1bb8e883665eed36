import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeHone } from './fake-hone.ts'
import { setStage, until } from './stage.ts'
import type { Stage } from './stage.ts'

const me = { who: 'tester', why: 'a test' }

describe('a campaign', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())

  it('measures the base model, runs its rounds one on the other, and ends finished', async () => {
    const fake = new FakeHone(2)
    await stage.work(fake, async () => {
      await stage.campaigns.start('plain')
      expect(await stage.resultOf('plain')).toEqual({ head: 2 })
    })
    expect(fake.status).toBe('finished')
    expect(fake.rounds.map(({ number, parent, status }) => [number, parent, status])).toEqual([
      [0, null, 'closed'],
      [1, 0, 'closed'],
      [2, 1, 'closed'],
    ])
    const order = fake.calls.filter((call) => call.endsWith(' 1') && !/release|shards/.test(call))
    expect(order).toEqual(['describe 1', 'sft 1', 'evaluate 1', 'gate 1', 'closed 1', 'advanced 0 → 1', 'open 2 on 1'])
  })

  it('evaluates the weights that training kept one after the other before it chooses among them', async () => {
    const fake = new FakeHone(1)
    fake.selects = true
    await stage.work(fake, async () => {
      await stage.campaigns.start('choosing')
      await stage.resultOf('choosing')
    })
    const order = fake.calls.filter((call) => call.includes('select-checkpoint 1') || call === 'evaluate 1')
    const one = (candidate: string) => [`select-checkpoint 1 of ${candidate}`, 'release select-checkpoint 1']
    expect(order).toEqual([
      'select-checkpoint 1',
      ...one('c10'),
      ...one('c15'),
      ...one('cend'),
      'chosen by select-checkpoint 1',
      'evaluate 1',
    ])
  })

  it('takes shards in stretches, goes on with what one left, and keeps its history small', async () => {
    const fake = new FakeHone(1)
    fake.plan = { shards: 7, lanes: 2, stretch: 3, isDone: false }
    fake.longest = 2
    const taken = () => fake.calls.filter((call) => call.includes(' shards ')).map((call) => call.split('shards ')[1])
    await stage.work(fake, async () => {
      await stage.campaigns.start('stretches')
      await stage.resultOf('stretches')
      expect(taken().toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
        '0 to 1',
        '2 to 2',
        '3 to 4',
        '5 to 5',
        '6 to 6',
      ])
      // 100,000 rows in shards of 128.
      fake.plan = { shards: 782, lanes: 4, stretch: 8, isDone: false }
      fake.longest = Number.POSITIVE_INFINITY
      fake.roundsWanted = 2
      await stage.campaigns.rollback('stretches', { ...me, to: 1 })
      await stage.resultOf('stretches')
      const handle = stage.client.workflow.getHandle('campaign/stretches/round/2/step/describe')
      const { historyLength } = await handle.describe()
      expect(historyLength / 782).toBeLessThanOrEqual(4)
      expect(historyLength).toBeLessThan(5000)
    })
  })

  it('pauses at its budget with the round open, and goes on with a larger one', async () => {
    const fake = new FakeHone(1)
    fake.failures.set(
      'describe 1 shards 1 to 1',
      ApplicationFailure.nonRetryable('the budget is reached: 5 of 5 requests', 'BudgetReached'),
    )
    await stage.work(fake, async () => {
      await stage.campaigns.start('costly')
      await until('it is paused', () => fake.status === 'paused')
      expect(fake.statusReason).toBe('the budget is reached: 5 of 5 requests')
      expect(fake.rounds.at(-1)).toMatchObject({ number: 1, status: 'running' })
      await stage.campaigns.resume('costly', { ...me, budget: { requests: 10 } })
      expect(fake.budget).toEqual({ requests: 10 })
      expect(await stage.resultOf('costly')).toEqual({ head: 1 })
    })
    expect(fake.calls.filter((call) => call.startsWith('failed'))).toEqual([])
  })

  it('is started once, however often it is asked for', async () => {
    const fake = new FakeHone(1)
    await stage.work(fake, async () => {
      expect((await stage.campaigns.start('once')).isNew).toBe(true)
      expect((await stage.campaigns.start('once')).isNew).toBe(false)
      await stage.resultOf('once')
    })
    expect(fake.calls.filter((call) => call.startsWith('open 1'))).toHaveLength(1)
  })

  it('starts no step while it is paused and goes on when it is resumed', async () => {
    const fake = new FakeHone(1)
    fake.held.add('sft 1')
    await stage.work(fake, async () => {
      await stage.campaigns.start('pausing')
      await until('round 1 trains', () => fake.training.has('sft 1'))
      expect(await stage.campaigns.pause('pausing', me)).toEqual({ status: 'paused' })
      fake.held.clear()
      await until('the training is over', () => fake.training.size === 0)
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(fake.calls).not.toContain('evaluate 1')
      expect(await stage.campaigns.resume('pausing', me)).toEqual({ status: 'running' })
      await stage.resultOf('pausing')
    })
    expect(fake.calls).toContain('evaluate 1')
  })

  it('measures no further weights while it is paused between two, and goes on with the next when it is resumed', async () => {
    const fake = new FakeHone(1)
    fake.selects = true
    const io = { ...fake.io }
    let isEnding = false
    let end = () => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    // FakeSlowServer: the server of the first weights ends slowly.
    fake.io.releaseEndpoints = async (ref) => {
      await io.releaseEndpoints(ref)
      if (ref.step !== 'select-checkpoint' || isEnding) return
      isEnding = true
      await ended
    }
    await stage.work(fake, async () => {
      await stage.campaigns.start('between')
      await until('the first weights are measured', () => isEnding)
      await stage.campaigns.pause('between', me)
      end()
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(fake.calls.filter((call) => call.includes(' of c'))).toEqual(['select-checkpoint 1 of c10'])
      await stage.campaigns.resume('between', me)
      await stage.resultOf('between')
    })
    const measured = fake.calls.filter((call) => call.includes(' of c'))
    expect(measured).toEqual(['c10', 'c15', 'cend'].map((each) => `select-checkpoint 1 of ${each}`))
  })

  it('rolls back while a round trains: the training is gone before the head moves, and the next round has a new number', async () => {
    const fake = new FakeHone(2)
    fake.held.add('sft 2')
    await stage.work(fake, async () => {
      await stage.campaigns.start('back')
      await until('round 2 trains', () => fake.training.has('sft 2'))
      expect(await stage.campaigns.rollback('back', { ...me, to: 0 })).toEqual({ from: 1, to: 0 })
      expect(fake.training.has('sft 2')).toBe(false)
      await stage.resultOf('back')
    })
    const cancelled = fake.calls.indexOf('cancelled 2')
    expect(fake.calls.indexOf('sft 2 cancelled')).toBeLessThan(cancelled)
    expect(cancelled).toBeLessThan(fake.calls.indexOf('rollback 1 → 0'))
    expect(fake.rounds.map(({ number, parent, status }) => [number, parent, status])).toEqual([
      [0, null, 'closed'],
      [1, 0, 'closed'],
      [2, 1, 'cancelled'],
      [3, 0, 'closed'],
      [4, 3, 'closed'],
    ])
    expect(fake.head).toBe(4)
  })

  it('rolls back and forward again after it has finished', async () => {
    const fake = new FakeHone(2)
    await stage.work(fake, async () => {
      await stage.campaigns.start('later')
      await stage.resultOf('later')
      fake.held.add('sft 3')
      expect(await stage.campaigns.rollback('later', { ...me, to: 1 })).toEqual({ from: 2, to: 1 })
      await until('round 3 trains', () => fake.training.has('sft 3'))
      expect(await stage.campaigns.rollback('later', { ...me, to: 2 })).toEqual({ from: 1, to: 2 })
      expect(await stage.resultOf('later')).toEqual({ head: 2 })
    })
    expect(fake.rounds.find((round) => round.number === 3)).toMatchObject({ parent: 1, status: 'cancelled' })
    expect(fake.status).toBe('finished')
  })

  it('refuses a rollback to a round that does not exist, in words, and goes on', async () => {
    const fake = new FakeHone(1)
    fake.held.add('sft 1')
    await stage.work(fake, async () => {
      await stage.campaigns.start('refusing')
      await until('round 1 trains', () => fake.training.has('sft 1'))
      await expect(stage.campaigns.rollback('refusing', { ...me, to: -1 })).rejects.toThrow(
        'a round is a number from 0 up',
      )
      await expect(stage.campaigns.rollback('refusing', { ...me, to: 1, why: ' ' })).rejects.toThrow('say why')
      fake.held.clear()
      await stage.resultOf('refusing')
      await expect(stage.campaigns.rollback('refusing', { ...me, to: 9 })).rejects.toThrow(
        'campaign "refusing" has no round 9',
      )
      await stage.resultOf('refusing')
    })
    expect(fake.head).toBe(1)
  })

  it('fails with the reason of its step, and resumes at the round that failed', async () => {
    const fake = new FakeHone(1)
    fake.failures.set('sft 1', ApplicationFailure.nonRetryable('the loss is NaN', 'TrainingFailed'))
    await stage.work(fake, async () => {
      await stage.campaigns.start('failing')
      await expect(stage.resultOf('failing')).rejects.toThrow('Workflow execution failed')
      expect(fake).toMatchObject({ status: 'failed', statusReason: 'the loss is NaN' })
      await stage.campaigns.resume('failing', me)
      expect(await stage.resultOf('failing')).toEqual({ head: 1 })
    })
    expect(fake.calls.filter((call) => call === 'open 1 on 0')).toHaveLength(2)
    expect(fake.rounds).toHaveLength(2)
  })

  it('keeps the head where it was when the gate says so, and pauses when the gate asks for a person', async () => {
    const fake = new FakeHone(1)
    fake.gate = { decision: 'regress', action: 'stay', summary: 'dev −9.0' }
    fake.held.add('sft 2')
    await stage.work(fake, async () => {
      await stage.campaigns.start('gated')
      await until('round 2 trains', () => fake.training.has('sft 2'))
      expect(fake.rounds.find((round) => round.number === 2)?.parent).toBe(0)
      fake.gate = { decision: 'regress', action: 'pause', summary: 'dev −9.0' }
      fake.held.clear()
      await until('it is paused', () => fake.status === 'paused')
      expect(fake.head).toBe(2)
      await stage.campaigns.resume('gated', me)
      await stage.resultOf('gated')
    })
    expect(fake.status).toBe('finished')
  })

  it('continues as new between rounds and loses nothing', async () => {
    const fake = new FakeHone(3)
    await stage.work(fake, async () => {
      const handle = await stage.client.workflow.start('campaign', {
        workflowId: 'campaign/renewed',
        taskQueue: 'hone-orchestrator',
        args: [{ campaign: 'renewed', roundsPerRun: 1 }],
      })
      expect(await handle.result()).toEqual({ head: 3 })
    })
    expect(fake.rounds).toHaveLength(4)
  })
})

import { WorkflowNotFoundError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { FakeHone } from '../workflows/fake-hone.ts'
import { setStage, until } from '../workflows/stage.ts'
import type { Stage } from '../workflows/stage.ts'

const ada = { who: 'ada', why: 'a test' }

describe('commands on campaigns', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())

  it('start a campaign once, under an id made from its name', async () => {
    const workflowId = 'campaign/twice'
    expect(await stage.campaigns.start('twice', 'Count shapes')).toEqual({ workflowId, isNew: true })
    expect(await stage.campaigns.start('twice')).toEqual({ workflowId, isNew: false })
    const description = await stage.client.workflow.getHandle(workflowId).describe()
    expect(await description.staticSummary()).toBe('Count shapes')
    expect(description.typedSearchAttributes.getAll().map(({ value }) => value)).toContain('twice')
    await stage.client.workflow.getHandle(workflowId).terminate()
  })

  it('reach no campaign that was never started', async () => {
    await expect(stage.campaigns.pause('nobody', ada)).rejects.toThrow(WorkflowNotFoundError)
  })

  it('are carried out once for each id, and refused in the words of the workflow', async () => {
    const fake = new FakeHone(1)
    fake.held.add('sft 1')
    await stage.work(fake, async () => {
      await stage.campaigns.start('once')
      await until('round 1 trains', () => fake.training.has('sft 1'))
      const answers = [
        await stage.campaigns.pause('once', ada, 'the-id'),
        await stage.campaigns.pause('once', ada, 'the-id'),
      ]
      expect(answers).toEqual([{ status: 'paused' }, { status: 'paused' }])
      expect(fake.calls.filter((call) => call.startsWith('paused'))).toHaveLength(1)
      const refusal = stage.campaigns.rollback('once', { ...ada, to: 9 })
      await expect(refusal).rejects.toThrow(HoneError)
      await expect(refusal).rejects.toMatchObject({
        type: 'InvalidInput',
        message: 'campaign "once" has no round 9',
        nextStep: 'choose a closed round; see: hone rounds once',
      })
      fake.held.clear()
      await stage.campaigns.resume('once', ada)
      await stage.resultOf('once')
    })
  })

  it('that are too large are refused before they are sent', async () => {
    await expect(stage.campaigns.pause('nobody', { ...ada, why: 'x'.repeat(20_000) })).rejects.toThrow(
      /the limit is 16384/,
    )
  })
})

import { expect, it } from 'vitest'
import { describe } from '../../../data/steps/describe.ts'
import { context, FakeAsk, row } from '../rows.ts'

const options = describe.options.parse({ step: 'describe', endpoint: 'captioner' })

it.each([
  ['<think>\nThe question may be about colours.\n</think>\n\nThree red circles.', 'Three red circles.', null],
  ['Let me look.</think> Three red circles.', 'Three red circles.', null],
  ['<think>It never ends', '', 'empty-description'],
])('leaves out the thoughts of a thinking model: %j', async (text, description, reason) => {
  const [outcome] = await describe.run(row(), context(options, new FakeAsk(() => ({ text })).ask))
  expect(outcome).toMatchObject({ reason, changes: { description } })
  expect(outcome!.requestKeys).toHaveLength(1)
})

import { expect, it } from 'vitest'
import { dataSteps } from '../../../data/steps/registry.ts'
import { contentKey } from '../../../models/content-key.ts'
import type { Row } from '../../../domain/rows.ts'
import { context, FakeAsk, row, trace } from '../rows.ts'

const askers = [
  'describe',
  'dialogue',
  'bridge',
  'reason',
  'sample',
  'rate',
  'screen',
  'rewrite',
  'agree',
  'synthesize',
]
const endpoints = { endpoint: 'one', asker: 'one', viewer: 'one', reasoner: 'one', arbiter: 'one' }

/** Content keys of a step's requests about a row. */
async function keysOf(name: string, changes: Partial<Row>, seed = 7): Promise<string[]> {
  const step = dataSteps[name]
  if (step?.per !== 'row') throw new Error(`${name} is no step of one row`)
  const named = Object.keys(step.options.shape).flatMap((key) => (key in endpoints ? [[key, 'one']] : []))
  const options = step.options.parse({ step: name, ...Object.fromEntries(named) })
  const fake = new FakeAsk(() => ({ text: 'three red circles' }))
  const of = row({ description: 'three red circles', trace: trace('I count three.'), ...changes })
  await step.run(of, { ...context(options, fake.ask), seed })
  return fake.requests.map((request) => contentKey({ ...request, identity: 'fake', imageMaxPixels: 1 }))
}

it.each(askers)('%s sends the same requests about the same row in another source with other ids', async (name) => {
  const keys = await keysOf(name, { id: 'a', originId: 'a', parentId: 'x' })
  expect(keys.length).toBeGreaterThan(0)
  expect(await keysOf(name, { id: 'b', originId: 'b', parentId: 'y' })).toEqual(keys)
  expect(await keysOf(name, { images: ['b'.repeat(64)] })).not.toEqual(keys)
})

it.each(['reason', 'sample'])('%s draws anew in another round', async (name) => {
  expect(await keysOf(name, {}, 8)).not.toEqual(await keysOf(name, {}, 7))
})

import { expect, it } from 'vitest'
import { mix } from '../../../data/steps/mix.ts'

const rows = Array.from({ length: 400 }, (_, index) => ({
  id: `r${index}`,
  originId: `o${index}`,
  input: 0,
  group: null,
}))

async function kept(options: object, seed = 1): Promise<string[]> {
  const parsed = mix.options.parse({ step: 'mix', maxRows: 100, ...options })
  return (await mix.run(rows, { options: parsed, seed, promptSuffix: '' })).kept
}
const shared = (one: readonly string[], other: readonly string[]): number =>
  one.filter((id) => other.includes(id)).length

it('two mixes of one source choose independently', async () => {
  const [rated, probed] = [await kept({ name: 'rated' }), await kept({ name: 'probed' })]
  expect(shared(rated, probed)).toBeGreaterThan(10)
  expect(shared(rated, probed)).toBeLessThan(40)
  expect(await kept({ name: 'rated' })).toEqual(rated)
  expect(await kept({ name: 'rated' }, 2)).not.toEqual(rated)
})

it('a mix without a name has a fixed order, and an explicit seed overrides the name', async () => {
  expect(await kept({})).toEqual(await kept({ name: 'mix' }))
  expect(await kept({ name: 'rated', seed: 5 })).toEqual(await kept({ name: 'probed', seed: 5 }, 2))
})

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { prices } from '../../domain/prices.ts'
import { endpointSpec } from '../../domain/recipe/endpoints.ts'
import { exampleEndpoints } from './example-endpoints.ts'

const text = readFileSync(new URL('../../docs/endpoints.md', import.meta.url), 'utf8')
const lines = [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, name = '', of = '', byDefault = '', meaning = '']) => ({ name, of: of.trim(), byDefault, meaning }),
)

it('all options of endpoints are listed once, with the kind of endpoint that has them', () => {
  const [url = [], checkpoint = []] = endpointSpec.options.map(({ shape }) => Object.keys(shape))
  const told = (kinds: readonly string[]) => lines.flatMap(({ name, of }) => (kinds.includes(of) ? [name] : []))
  expect(told(['URL', 'both']).toSorted()).toEqual(url.toSorted())
  expect(told(['checkpoint', 'both']).toSorted()).toEqual(checkpoint.toSorted())
  expect(new Set(lines.map(({ name }) => name)).size).toBe(lines.length)
})

it('listed defaults are those of the schema', () => {
  const resolved = z.record(z.string(), z.unknown())
  const byUrl = resolved.parse(endpointSpec.parse({ url: 'http://a/v1', model: 'm' }))
  const byCheckpoint = resolved.parse(endpointSpec.parse({ checkpoint: 'base' }))
  const told = lines.flatMap(({ name, byDefault }) => {
    const numbers = (byDefault.replaceAll(',', '').match(/\d+/g) ?? []).map(Number)
    return name === 'imagePatch' ? [] : [[name, numbers]]
  })
  const real = lines.flatMap(({ name }) => {
    const numbers = [byUrl[name], byCheckpoint[name]].filter((value) => typeof value === 'number')
    return name === 'imagePatch' ? [] : [[name, [...new Set(numbers)]]]
  })
  expect(told).toEqual(real)
})

it('prices and hedges are listed with all their fields', () => {
  const meaning = (name: string) => lines.find((line) => line.name === name)?.meaning ?? ''
  for (const field of Object.keys(prices.shape)) expect(meaning('prices')).toContain(`\`${field}\``)
  for (const field of ['percentile', 'minSeconds']) expect(meaning('hedge')).toContain(`\`${field}\``)
})

it('the example is a recipe', () => {
  expect(exampleEndpoints(text, 'endpoints.md')).toEqual(['teacher', 'bought', 'trained'])
})

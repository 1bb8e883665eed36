import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { providerNames } from '../../domain/recipe/provider-names.ts'
import { presetOf } from '../../domain/recipe/providers.ts'
import { exampleEndpoints } from './example-endpoints.ts'

const text = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| `([a-z]+)` \| (.*) \|$/gm)].map(([, name = '', cells = '']) => ({
  name,
  cells: cells.split(' | ').map((cell) => cell.trim()),
}))

/** Options as the table writes them: `omit: [seed]`. */
const written = (options: object): string[] =>
  Object.entries(options).map(
    ([name, value]) => `\`${name}: ${Array.isArray(value) ? `[${value.join(', ')}]` : value}\``,
  )

describe('docs/providers.md', () => {
  it('has a row for each preset, in order', () => {
    expect(rows.map(({ name }) => name)).toEqual([...providerNames])
  })

  it.each(providerNames)('tells URL, key, options and batches of %s as they are', (name) => {
    const { url, apiKeyEnv, batch, byModel = [], ...options } = presetOf(name)
    const [saidUrl, saidKey, saidOptions = '', saidBatch] = rows.find((row) => row.name === name)?.cells ?? []
    expect(saidUrl).toBe(url ?? "the resource's")
    expect(saidKey).toBe(apiKeyEnv === undefined ? '–' : `\`${apiKeyEnv}\``)
    const all = [options, ...byModel.map((each) => each.options)].flatMap(written)
    expect(saidOptions.match(/`\w+: [^`]+`/g) ?? []).toEqual(all)
    const megabytes = ((batch?.maxBytes ?? 0) / 1e6).toLocaleString('en')
    expect(saidBatch).toBe(batch ? `${batch.maxRequests.toLocaleString('en')} requests, ${megabytes} MB` : '–')
  })

  it('has an example that is a recipe', () => {
    expect(exampleEndpoints(text, 'providers.md')).toEqual(['teacher', 'local', 'company', 'gateway'])
  })
})

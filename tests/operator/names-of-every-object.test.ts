import { describe, expect, it } from 'vitest'
import { describeError } from '../../domain/errors.ts'
import { flagsOf } from '../../jobs/servers/vllm/flags.ts'
import { plainSite, plannedPlace } from '../../jobs/site/site.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'

/** Names that a look-up in a plain object finds although nobody gave them. */
const inherited = ['constructor', 'toString', 'hasOwnProperty', '__proto__']

const recipe = (changes: { endpoint?: string; benchmark?: string; judge?: string; from?: string }) => `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints: { teacher: { url: 'http://host/v1', model: big } }
sources: { seed: { path: data/seed } }
benchmarks: { dev: { path: data/dev, role: dev, judge: ${changes.judge ?? 'teacher'} } }
rounds:
  count: 1
  first:
    - { step: describe, from: ${changes.from ?? 'seed'}, endpoint: ${changes.endpoint ?? 'teacher'} }
    - { step: sft, from: describe, learningRate: 1e-4, epochs: 1 }
    - { step: gate, benchmark: ${changes.benchmark ?? 'dev'}, against: parent }
`

function said(text: string): string | null {
  try {
    parseRecipe(text, { file: 'mine.yaml' })
    return null
  } catch (error) {
    return describeError(error)
  }
}

describe('a name that every object has', () => {
  it('is no fault of the recipe around it', () => expect(said(recipe({}))).toBeNull())

  it.each(inherited)('is no endpoint, benchmark, judge or dataset: %s', (name) => {
    expect(said(recipe({ endpoint: name }))).toContain(`no endpoint "${name}"`)
    expect(said(recipe({ benchmark: name }))).toContain(`no benchmark "${name}"`)
    expect(said(recipe({ judge: name }))).toContain(`no endpoint "${name}"`)
    expect(said(recipe({ from: name }))).toContain(name)
  })

  it.each(inherited)('is no step: %s', (name) => {
    expect(said(recipe({}).replace('step: describe', `step: ${name}`))).not.toBeNull()
  })

  it.each(inherited)('is no place of a site: %s', (name) => {
    expect(plannedPlace(plainSite, name)).toMatchObject({ level: 'refusal' })
  })

  it.each(['constructor', 'to-string'])('is a flag of vLLM like any other: %s', (name) => {
    expect(flagsOf({ [name]: 1 })).toEqual({ flags: { [name]: 1 }, problems: [] })
  })
})

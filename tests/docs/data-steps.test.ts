import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { logicRules } from '../../data/steps/logic-rules.ts'
import { dataSteps } from '../../data/steps/registry.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const text = read('docs/data-steps.md')
const [, rules = ''] = text.split('# Rules of logic')

/** The options and the reasons for dropped rows in the section of each step. */
const told = new Map(
  [...text.matchAll(/^## `([\w-]+)`\n([^]*?)(?=^#)/gm)].map(([, name = '', section = '']) => {
    const list = (title: string): string => new RegExp(`^- ${title}: ([^]*?)\\n(?! {2})`, 'm').exec(section)?.[1] ?? ''
    return [name, { options: list('Options'), reasons: list('Drops') }] as const
  }),
)

/** The rows of a table that begin with a name in backquotes: the name and the other cells. */
const table = (text: string): Map<string, string[]> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [, name, ...cells] = line.split('|').map((cell) => cell.trim())
      const bare = /^`([\w-]+)`$/.exec(name ?? '')?.[1]
      return bare === undefined ? [] : [[bare, cells.slice(0, -1)] as const]
    }),
  )
const quoted = (text: string | undefined): string[] =>
  [...(text ?? '').matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name)

it('all data steps have a section, in the order of the registry', () => {
  expect([...told.keys()]).toEqual(Object.keys(dataSteps))
})

it('all rules of logic are listed, in the order of their checks', () => {
  expect([...table(rules).keys()]).toEqual(logicRules.map(({ name }) => name))
})

describe.each(Object.entries(dataSteps))('what is told of %s', (name, step) => {
  const { options, reasons } = told.get(name) ?? { options: '', reasons: '' }
  const everywhere = ['truncated', 'refused']

  it('names only its options, and all of them except those of all steps or of all steps that ask models', () => {
    const known = Object.keys(step.options.shape)
    const shared = ['step', 'name', 'from', 'priority', 'temperature', 'topP', 'maxTokens']
    expect(quoted(options).toSorted()).toEqual(known.filter((one) => !shared.includes(one)).toSorted())
  })

  it('names the reasons of its file for dropped rows', () => {
    const code = read(`data/steps/${name}.ts`)
    const dropping =
      /(?:dropped\([^,()]+, |replyProblem\([^,()]+, |reason: |droppedReason: |reasons\.set\([^,]+, )'([a-z-]+)'/g
    const found = [...code.matchAll(dropping)].map(([, reason = '']) => reason)
    expect(found.filter((reason) => ![...quoted(reasons), ...everywhere].includes(reason))).toEqual([])
  })

  it('names only reasons that exist', () => {
    const code = ['data/steps/', 'data/steps/synthesis/', 'domain/']
      .flatMap((folder) => readdirSync(new URL(folder, root)).map((file) => `${folder}${file}`))
      .filter((path) => path.endsWith('.ts'))
      .map(read)
      .join('\n')
    // Two reasons end in a value of an option.
    const literals = quoted(reasons).map((reason) =>
      reason.replace(/^(?:not-(?=shortest|longest|first)|difficulty-)/, ''),
    )
    expect(literals.length).toBeGreaterThan(0)
    expect(literals.filter((reason) => !code.includes(`'${reason}'`))).toEqual([])
  })
})

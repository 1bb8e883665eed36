import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { verbs } from '../../cli/verbs.ts'
import { parseRecipe } from '../../recipes/read-recipe.ts'
import { sourceLine } from '../../domain/rows.ts'
import { portVariables } from '../../services/ports.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { workerConfig } from '../../worker/config.ts'
import { hone } from '../cli/terminal.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const docs = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'))
const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)]
const readme = read('README.md')
const everything = documents.map(read).join('\n')

/** Fenced blocks of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map((found) => found[1] ?? '')
/** Texts that a reader would type: those in backquotes or in indented blocks. */
const typed = (text: string): string[] => [
  ...[...text.matchAll(/`([^`\n]+)`/g)].map((found) => found[1] ?? ''),
  ...text.split('\n').filter((line) => line.startsWith('    ')),
]

describe('the recipe in the README', () => {
  const [recipe = ''] = blocks(readme, 'yaml')

  it('is valid, in 20 lines', () => {
    expect(recipe.trimEnd().split('\n')).toHaveLength(20)
    const { rounds } = parseRecipe(recipe, { file: 'README.md' })
    expect(rounds.next?.map(({ step }) => step)).toEqual([
      'sample',
      'verify',
      'select',
      'sft',
      'rl',
      'evaluate',
      'gate',
    ])
  })
})

it('the README’s lines of data are lines of a source', () => {
  const lines = blocks(readme, 'jsonl').join('').trim().split('\n')
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(sourceLine.safeParse(JSON.parse(line)).error).toBeUndefined()
})

it('the README has the marks around the table of the demo', () => {
  expect(readme.split('<!-- demo:begin -->')).toHaveLength(2)
  expect(readme.indexOf('<!-- demo:end -->')).toBeGreaterThan(readme.indexOf('<!-- demo:begin -->'))
})

it('the table of the verifier has the verifier’s verdicts', () => {
  const rows = [...read('docs/verifier.md').matchAll(/^\| `(.+?)`(?: \((.+)\))? \| `(.+)` \| (\w+) \| ([\w-]+) \|$/gm)]
  expect(rows.length).toBeGreaterThan(10)
  for (const [, gold = '', choices, answer = '', verdict, reason] of rows) {
    const result = verifyCase({ id: gold, gold, answer, kind: 'auto', choices: choices?.split(', ') })
    expect({ gold, answer, verdict: result.verdict, reason: result.reason }).toEqual({ gold, answer, verdict, reason })
  }
})

describe('a command that a reader would type', () => {
  /** The options of each verb, from its help. */
  const known = new Map<string, string>()
  beforeAll(async () => {
    for (const { name } of verbs) known.set(name, (await hone(['help', name])).out)
  })

  it('names only existing verbs and options', () => {
    const commands = typed(everything)
      .flatMap((text) => [...text.matchAll(/\bhone ([a-z]+)([^#`]*)/g)])
      .map(([command, verb = '', rest = '']) => ({ command, verb, options: rest.match(/(?<= )--[a-z]+/g) ?? [] }))
      .filter(({ verb }) => verb !== 'help')
    expect(new Set(commands.map(({ verb }) => verb)).size).toBeGreaterThan(12)
    const unknown = commands.filter(
      ({ verb, options }) => !known.has(verb) || options.some((option) => !known.get(verb)?.includes(option)),
    )
    expect(unknown).toEqual([])
  })

  it('appears for every verb', () => {
    const commands = read('docs/commands.md')
    const left = verbs.filter(({ name }) => !new RegExp(`\`hone ${name}\\b`).test(commands))
    expect(left.map(({ name }) => name)).toEqual([])
  })

  it('names only existing npm scripts', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')))
    const named = [...everything.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(5)
    for (const name of [...named, 'test']) expect(Object.keys(scripts)).toContain(name)
  })

  it('names only existing files', () => {
    const links = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, to = '']) => new URL(to, new URL(path, root))),
    )
    const paths = [...everything.matchAll(/\b(?:[a-z]+\/)+[a-z0-9-]+\.(?:ts|mjs|md|sql|yaml|json)\b/g)]
      .map(([path]) => path)
      // A run folder and the schema for an editor have files that are not in the repository.
      .filter((path) => !path.startsWith('job/') && path !== 'meta/_journal.json')
    const urls = [...links, ...paths.map((path) => new URL(path, root))]
    expect(urls.length).toBeGreaterThan(20)
    expect(urls.map((url) => fileURLToPath(url)).filter((path) => !existsSync(path))).toEqual([])
  })
})

describe('the tables of variables', () => {
  it('name every port that can be fixed, except ports of parts that do not exist yet', () => {
    const variables = Object.entries(portVariables).flatMap(([part, name]) => (part === 'dashboard' ? [] : [name]))
    expect(variables.filter((name) => !read('docs/settings.md').includes(`\`${name}\``))).toEqual([])
  })

  it('of the worker name all variables that it reads, and mark the required ones', () => {
    const table = read('docs/worker.md')
    const names = [...read('worker/config.ts').matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(8)
    expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([])
    const required = [...table.matchAll(/^\| `([A-Z_]+)` \| .*required \|$/gm)].map(([, name = '']) => name)
    for (const name of required) expect(() => workerConfig({})).toThrow(name)
    const config = workerConfig(Object.fromEntries(required.map((name) => [name, 'http://127.0.0.1:1'])))
    expect(config).toMatchObject({ HONE_SLOTS_GPU: 1, HONE_SLOTS_INFERENCE: 8, temporal: { namespace: 'default' } })
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { archiveLimits } from '../../data/import/archive.ts'
import { importFormats } from '../../data/import/detect.ts'
import { completeMapping, parseMapping } from '../../data/import/mapping.ts'
import { sourceLine } from '../../domain/rows.ts'
import { hone } from '../cli/terminal.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const text = read('docs/import.md')
const [, formats = '', mapping = '', pictures = '', reasons = '', path = ''] = text.split(/^## .*$/m)

/** The names in backquotes at the beginning of the rows of a table. */
const firsts = (part: string): string[] => [...part.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name = '']) => name)

it('lists all formats', () => {
  expect(firsts(formats)).toEqual([...importFormats])
})

it('lists all fields of the lines behind a recipe’s path', () => {
  const cells = [...path.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell)
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  expect(names.toSorted()).toEqual(Object.keys(sourceLine.shape).toSorted())
})

it('gives the limits of archives', () => {
  const { entries, bytes, ratio } = archiveLimits
  const text = formats.replaceAll(/\s+/g, ' ')
  expect(text).toContain(`${entries.toLocaleString('en')} entries or ${bytes / 1024 ** 3} GiB`)
  expect(text).toContain(`more than ${ratio} times its size`)
})

it('lists all keys of a mapping, and its example is a mapping', () => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(mapping) ?? []
  expect(parseMapping(yaml, 'docs/import.md')).toMatchObject({ leaveOut: ['explanation'] })
  const all = completeMapping({
    honeRow: 'line',
    id: 'c',
    images: 'c',
    question: 'c',
    history: 'c',
    answer: 'c',
    answerList: 'any',
    answerWords: {},
    choices: 'c',
    precision: 'c',
    policy: 'c',
    description: 'c',
    trace: 'c',
    conversation: { column: 'c', turns: 'split' },
    objects: 'c',
    textRows: true,
    where: 'c = 1',
    metadata: {},
    metadataFrom: 'c',
    leaveOut: 'all',
  })
  expect(firsts(mapping).toSorted()).toEqual(Object.keys(all).toSorted())
  const [, turns = ''] = /\| a column of turns: (.*) \|/.exec(mapping) ?? []
  for (const key of Object.keys(all.conversation ?? {})) expect(turns).toContain(`\`${key}\``)
})

describe('reasons', () => {
  it('are those of the code, each listed once', () => {
    const files = readdirSync(new URL('data/import/', root)).map((name) => `data/import/${name}`)
    const code = [...files, 'data/pictures/open.ts', 'data/pictures/examine.ts', 'data/pictures/locate.ts']
      .map(read)
      .join('\n')
    const given = [...code.matchAll(/(?:RowProblem\(\s*|reason: |unreachable = )'([a-z-]+)'/g)].map(
      ([, name = '']) => name,
    )
    expect(firsts(reasons).toSorted()).toEqual([...new Set(given)].toSorted())
  })
})

it('names exactly the options of the command', async () => {
  const { out } = await hone(['help', 'import'])
  const options = new Set([...out.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name = '']) => name))
  const told = new Set([...text.matchAll(/(?<!-)--[a-z][a-z-]*/g)].map(([name]) => name))
  expect([...told].filter((name) => !options.has(name))).toEqual([])
  expect([...options].filter((name) => !told.has(name) && !['--json', '--as'].includes(name))).toEqual([])
  expect(pictures).toContain('--allow-urls')
})

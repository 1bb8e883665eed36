import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importFormats } from '../../data/import/detect.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import { answerKinds } from '../../domain/answer-check.ts'
import { launcherKinds } from '../../jobs/launchers/registry.ts'
import { formats } from '../../trainers/export-formats.ts'
import { trainers } from '../../trainers/registry.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const exists = (path: string): boolean => existsSync(new URL(path, root))

/** Names of the members of an interface, from its source. */
function membersOf(path: string, name: string): string[] {
  const [, body = ''] = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([^]*?)\\n\\}`).exec(read(path)) ?? []
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(:]/gm)].map(([, member = '']) => member)
}

/** Names in backquotes of a page, without their arguments. */
const named = (page: string): Set<string> =>
  new Set([...read(page).matchAll(/`(\w+)(?:\([^`]*\))?`/g)].map(([, name = '']) => name))

describe('a page on how to add', () => {
  it.each([
    ['a trainer', 'docs/add-a-trainer.md', 'trainers/trainer.ts', 'Trainer', []],
    ['a launcher', 'docs/add-a-launcher.md', 'jobs/launchers/contract.ts', 'Launcher', []],
    [
      'an export format',
      'docs/add-an-export-format.md',
      'data/export/format.ts',
      'ExportFormat',
      ['takesDropped', 'pictureFields', 'saysFeatures'],
    ],
    ['a grader', 'docs/add-a-benchmark.md', 'evaluation/grader.ts', 'Grader', []],
  ])('%s tells every member of the contract', (_what, page, path, contract, obvious) => {
    const members = membersOf(path, contract)
    expect(members.length).toBeGreaterThan(2)
    const told = named(page)
    expect(members.filter((member) => !told.has(member) && !obvious.includes(member))).toEqual([])
  })

  it('a data step names the files that every data step has', () => {
    const steps = Object.keys(dataSteps)
    expect(steps.filter((name) => !exists(`data/steps/${name}.ts`))).toEqual([])
    expect(read('docs/add-a-data-step.md')).toContain('data/steps/<name>.ts')
    const tests = readdirSync(new URL('tests/data/steps', root)).join('\n') + read('tests/data/steps.test.ts')
    expect(steps.filter((name) => !tests.includes(name))).toEqual([])
  })

  it('an import format names the reader that every format has', () => {
    expect(read('docs/add-an-import-format.md')).toContain('data/import/read-<name>.ts')
    expect(importFormats.filter((name) => !exists(`data/import/read-${name}.ts`))).toEqual([])
  })

  it('a trainer and a launcher name the folder that every product has', () => {
    expect(Object.keys(trainers).filter((name) => !exists(`trainers/${name}/`))).toEqual([])
    expect(Object.keys(launcherKinds).filter((name) => !exists(`jobs/launchers/${name}/`))).toEqual([])
  })

  it('an export format names the row that every format has in docs/export.md', () => {
    expect(Object.keys(formats).filter((name) => !read('docs/export.md').includes(`\`${name}\``))).toEqual([])
  })

  it('a kind of answer names the line that every kind has in docs/verifier.md', () => {
    expect(answerKinds.filter((kind) => !read('docs/verifier.md').includes(`\`${kind}\``))).toEqual([])
  })
})

describe('decisions', () => {
  it('are dated notes, all in the list', () => {
    const notes = readdirSync(new URL('docs/decisions', root)).filter((name) => name !== 'README.md')
    expect(notes.length).toBeGreaterThan(5)
    const list = read('docs/decisions/README.md')
    for (const note of notes) {
      const [date = ''] = /^\d{4}-\d{2}-\d{2}/.exec(note) ?? []
      expect(list).toContain(`| ${date} | [`)
      expect(list).toContain(`](${note})`)
      const text = read(`docs/decisions/${note}`)
      expect(text).toContain(date)
      expect(text).toMatch(/\*\*Decision\.\*\*[^]*\*\*Why\.\*\*[^]*\*\*Rejected\.\*\*/)
    }
  })
})

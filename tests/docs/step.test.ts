import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { rowLine } from '../../data/rows/row-line.ts'
import { exitCodes } from '../../cli/terminal.ts'
import { hone } from '../cli/terminal.ts'

const text = readFileSync(new URL('../../docs/step.md', import.meta.url), 'utf8')
const section = (title: string): string => text.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
/** The names in backquotes in the first cell of each table row. */
const told = (part: string): string[] =>
  part
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))

describe('docs/step.md', () => {
  let help = ''
  beforeAll(async () => {
    help = (await hone(['help', 'step'])).out
  })

  it('has exactly the options of the command, in the command’s words', () => {
    const known = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = '']) => name)
    expect(known.length).toBeGreaterThan(25)
    expect(told(section('Options')).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      known.filter((name) => name !== '--help').toSorted((a, b) => (a < b ? -1 : 1)),
    )
  })

  it('has every field of a row', () => {
    const fields = told(section('Rows'))
    expect(Object.keys(rowLine.shape).filter((name) => !fields.includes(name))).toEqual([])
  })

  it('has the defaults of the command', () => {
    const defaults = [...help.replaceAll(/\s+/g, ' ').matchAll(/(--[a-z-]+) <[^>]+> [^<]*?\(default: (\d+)\)/g)]
    expect(defaults.map(([, name]) => name)).toContain('--concurrency')
    for (const [, name = '', value = ''] of defaults) {
      const line = section('Options')
        .split('\n')
        .find((one) => one.includes(`\`${name}\``))
      expect(line).toContain(value)
    }
  })

  it('has the exit codes, as the help does', () => {
    const { ok, failed, usage, budgetReached, interrupted } = exitCodes
    for (const code of [ok, failed, usage, budgetReached, interrupted]) {
      expect(text.split('Exit codes:')[1]).toMatch(new RegExp(`\\b${code}\\b`))
      expect(help.split('Exit codes:')[1]).toMatch(new RegExp(`\\b${code}\\b`))
    }
  })
})

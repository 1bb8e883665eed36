import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command, Option } from 'commander'
import { beforeAll, describe, expect, it } from 'vitest'
import { processTerminal } from '../../cli/terminal.ts'
import { verbs } from '../../cli/verbs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const noRooms = new Set(['node_modules', 'dist', 'tests', 'bench', 'docs'])

/** A command in a message of the source, for example `hone resume ${campaign}`. */
interface Advice {
  place: string
  verb: string
  words: string[]
}

/**
 * Commands in backquotes, or after a colon, in a line of source. A `${…}` is one word. The result
 * of a call such as `${doubledBudget(…)}` is options, which the test does not check.
 */
function advicesIn(line: string, place: string): Advice[] {
  return [...line.matchAll(/(?<=`|: |npx )hone ([a-z]+)/g)].map(({ index, 0: start, 1: verb = '' }) => {
    const rest = line.slice(index + start.length)
    const end = /[`'"|;(\\]|[.,](?: |$)|\)\.? /.exec(rest.replaceAll(/\$\{[^}]*\}/g, (part) => 'X'.repeat(part.length)))
    const command = rest
      .slice(0, end?.index ?? rest.length)
      .replaceAll(/\$\{\w+\([^}]*\}/g, '')
      .replaceAll(/\$\{[^}]*\}/g, 'X')
    return { place, verb, words: command.split(/\s+/).filter((word) => word !== '' && word !== '…') }
  })
}

function advicesOfSource(): Advice[] {
  const rooms = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !noRooms.has(entry.name),
  )
  return rooms.flatMap(({ name }) =>
    readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:ts|py)$/.test(path))
      .flatMap((path) =>
        readFileSync(join(root, name, path), 'utf8')
          .split('\n')
          .flatMap((line, index) => advicesIn(line, `${name}/${path}:${index + 1}`)),
      ),
  )
}

/** Commander's error about the words of a command. Null when commander takes the words. */
function refusal(command: Command, words: readonly string[]): string | null {
  const given: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') {
      given.push(...words.slice(at + 1))
      break
    }
    if (!word.startsWith('--')) {
      given.push(word)
      continue
    }
    const option = [...command.options, { long: '--help' } as Option].find(({ long }) => long === word)
    if (!option) return `there is no option ${word}`
    if (!option.required) continue
    const value = words[++at]
    // A text may name an option without a value, as in "see `hone resume --budget`".
    if (value === undefined) return null
    if (option.argChoices && /^[a-z]/.test(value) && !option.argChoices.includes(value))
      return `${word} takes no ${value}`
  }
  const { registeredArguments } = command
  const most = registeredArguments.some(({ variadic }) => variadic) ? Infinity : registeredArguments.length
  return given.length > most ? `${given.length} words where ${most} are taken: ${given.join(' ')}` : null
}

describe('commands that the source tells people to type', () => {
  const commands = new Map<string, Command>()
  const advices = advicesOfSource()
  beforeAll(async () => {
    for (const { name, load } of verbs) commands.set(name, await load(processTerminal()))
  })

  it('are found in every form', () => {
    const found = advicesIn(
      "nextStep: `See it: hone show ${a b} 2. Then \\`hone resume ${c} --budget X\\`; or: hone list',",
      '',
    )
    expect(found.map(({ verb, words }) => [verb, ...words])).toEqual([
      ['show', 'X', '2'],
      ['resume', 'X', '--budget', 'X'],
      ['list'],
    ])
    expect(new Set(advices.map(({ verb }) => verb)).size).toBeGreaterThan(15)
  })

  it('name only verbs, options and values that exist, without an extra word', () => {
    const wrong = advices.flatMap(({ place, verb, words }) => {
      if (verb === 'help') return words.every((word) => /^[A-Z]/.test(word) || commands.has(word)) ? [] : [place]
      const command = commands.get(verb)
      const why = command ? refusal(command, words) : 'there is no such verb'
      return why === null ? [] : [`${place}: hone ${[verb, ...words].join(' ')}: ${why}`]
    })
    expect(wrong).toEqual([])
  })
})

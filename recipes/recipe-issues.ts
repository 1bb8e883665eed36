import { isMap, isNode, isScalar } from 'yaml'
import type { Document, LineCounter } from 'yaml'
import type { z } from 'zod'
import { didYouMean } from '../domain/did-you-mean.ts'
import { looksLikeKey } from '../domain/recipe/secrets.ts'
import { keysAt } from './schema-keys.ts'

/** One problem of a recipe, in words for people. */
export interface Explained {
  /** `rounds.first[1].samples (line 22, column 9)` */
  where: string
  /** The value as written. Null when there is no value, or when the value may be a secret. */
  value: string | null
  wrong: string
  fix: string
}

export interface RecipeText {
  raw: unknown
  document: Document
  lineCounter: LineCounter
  schema: Record<string, unknown>
}

type Issue = z.core.$ZodIssue

/**
 * Explains every issue: place, value and fix. For a union it explains the branch that fits best.
 */
export function explainIssues(issues: readonly Issue[], text: RecipeText): Explained[] {
  return issues.flatMap((issue) => explain(issue, [], text))
}

function explain(issue: Issue, base: readonly PropertyKey[], text: RecipeText): Explained[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = issue.errors.toSorted((a, b) => weight(a) - weight(b))[0] ?? []
    return branch.flatMap((inner) => explain(inner, path, text))
  }
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], key, path, text))
  const { wrong, fix } = describeIssue(issue, valueAt(text.raw, path))
  return [{ where: where(path, text), value: shown(path, text.raw), wrong, fix }]
}

/**
 * Distance of a branch to the written value: the number of its problems, where each unknown key is
 * a problem. A value whose own type is wrong counts 1.5.
 */
const weight = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + issue.keys.length
    return sum + (issue.code === 'invalid_type' && issue.path.length === 0 ? 1.5 : 1)
  }, 0)

function unknownKey(path: PropertyKey[], key: string, parent: PropertyKey[], text: RecipeText): Explained {
  const known = keysAt(text.schema, text.raw, parent)
  const present = Object.keys(objectAt(text.raw, parent))
  const guess = didYouMean(
    key,
    known.filter((name) => !present.includes(name)),
  )
  const fix = guess ? `did you mean "${guess}"?` : `remove it; known here are ${known.join(', ')}`
  return { where: where(path, text), value: shown(path, text.raw), wrong: `unknown key "${key}"`, fix }
}

function describeIssue(issue: Issue, value: unknown): { wrong: string; fix: string } {
  const written = typeof value === 'string' ? value : JSON.stringify(value)
  switch (issue.code) {
    case 'invalid_union': {
      const known = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : []
      if (value === undefined)
        return { wrong: 'the step has no kind', fix: `add "step:" with one of ${known.join(', ')}` }
      return { wrong: `unknown step "${written}"`, fix: oneOf(written, known) }
    }
    case 'invalid_value':
      return value === undefined
        ? { wrong: 'is missing', fix: `add it: ${issue.values.map(String).join(' or ')}` }
        : { wrong: 'is not one of the allowed values', fix: oneOf(written, issue.values.map(String)) }
    case 'invalid_type':
      return invalidType(issue.expected, value)
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array')
        return { wrong: 'is empty or too short', fix: `give at least ${issue.minimum}` }
      return { wrong: 'is too small', fix: `use ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}` }
    case 'too_big':
      if (issue.origin === 'string' || issue.origin === 'array')
        return { wrong: 'is too long', fix: `give at most ${issue.maximum}` }
      return { wrong: 'is too big', fix: `use ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}` }
    case 'invalid_format':
      return { wrong: 'has the wrong form', fix: issue.message }
    case 'invalid_key':
      return { wrong: 'is not a valid name', fix: issue.issues[0]?.message ?? issue.message }
    case 'custom':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'unrecognized_keys':
      break
  }
  return described(issue.message, value)
}

function invalidType(expected: string, value: unknown): { wrong: string; fix: string } {
  const nouns: Record<string, string> = {
    number: 'a number',
    int: 'a whole number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map of keys',
    record: 'a map of names',
  }
  const noun = nouns[expected] ?? expected
  if (value === undefined) return { wrong: 'is missing', fix: `add it: ${noun}` }
  const quoted =
    typeof value === 'string' && (expected === 'number' || expected === 'int') && Number.isFinite(Number(value))
  return { wrong: `is not ${noun}`, fix: quoted ? `write ${value} without quotes` : `write ${noun}` }
}

/** Messages of Hone's own checks have the form "what is wrong: what to do". */
function described(message: string, value: unknown): { wrong: string; fix: string } {
  const at = message.indexOf(': ')
  if (at < 0) return { wrong: 'is not allowed', fix: message }
  const advice = message.slice(at + 2)
  const guess = typeof value === 'string' ? didYouMean(value, quotedNames(advice)) : null
  return { wrong: message.slice(0, at), fix: guess ? `did you mean "${guess}"? (${advice})` : advice }
}

const quotedNames = (text: string): string[] => [...text.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '')

function oneOf(written: string, known: readonly string[]): string {
  const guess = didYouMean(written, known)
  return guess ? `did you mean "${guess}"?` : `use one of ${known.join(', ')}`
}

const notShown = '(not shown: it may hold a secret)'

/** Names of keys whose values may be secrets, and of the maps that such keys may be in. */
const secretPlace = /key|token|secret|passw|auth|cookie|credential|proxy|^headers$|^query$/i
/** Names that only sound like it: `maxTokens`, `maxTokensField`, `tokensPerMinute`. */
const countsTokens = /^(max.*tokens(field)?|tokensperminute)$/i

/**
 * The value, shortened. Not shown: a secret written where its variable's name belongs, inside a
 * URL, or anywhere in the form of a key.
 */
function shown(path: readonly PropertyKey[], raw: unknown): string | null {
  const value = valueAt(raw, path)
  if (value === undefined) return null
  if (path.some((key) => typeof key === 'string' && secretPlace.test(key) && !countsTokens.test(key))) return notShown
  const text = JSON.stringify(value)
  if (/:\/\/[^"]*[@?#]/.test(text) || looksLikeKey(text)) return notShown
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

function where(path: readonly PropertyKey[], { document, lineCounter }: RecipeText): string {
  const name = path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  )
  const offset = offsetOf(path, document)
  const { line, col } = lineCounter.linePos(offset)
  return `${name || 'recipe'} (line ${line}, column ${col})`
}

/**
 * Position of a path in the text, or of its nearest ancestor when the path is missing. For maps the
 * position of the key, for lists the position of the item.
 */
function offsetOf(path: readonly PropertyKey[], document: Document): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last)
      if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0]
    }
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let at = raw
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Reflect.get(at, key)
  }
  return at
}

function objectAt(raw: unknown, path: readonly PropertyKey[]): object {
  const value = valueAt(raw, path)
  return typeof value === 'object' && value !== null ? value : {}
}

import type { z } from 'zod'

/**
 * Names of headers, parameters and fields whose values are secrets. `Ocp-Apim-Subscription-Key`
 * (Azure's gateway) and `key` (Google) are among them.
 */
const secretName = /authorization|cookie|token|secret|passw|credential|signature|api[-_]?key|(^|[-_])key$/i

/** Forms of keys that providers give out, and of values that carry a key. */
const keyForms = [
  /(^|[^A-Za-z0-9])(sk|rk|gsk|xai|nvapi|hf|pplx|ghp)[-_][A-Za-z0-9_-]{8,}/,
  /AIza[\w-]{30,}/,
  /^\s*(Bearer|Basic)\s+\S/i,
  /eyJ[\w-]{10,}\.eyJ/,
]

/** A value that is read from an environment variable at the call: `$NAME`. */
export const fromVariable = /^\$[A-Z_][A-Z0-9_]*$/

/** Whether a text looks like a key of a provider. */
export const looksLikeKey = (text: string): boolean => keyForms.some((form) => form.test(text))

const toVariable = 'put the value into an environment variable, and write $NAME here'

/**
 * What is wrong with a written value, as a message that never repeats it; null when nothing is
 * wrong. Recipes are stored, hashed and shown, so they must hold no secret.
 */
export function secretProblem(name: string, value: string): string | null {
  if (value.startsWith('$'))
    return fromVariable.test(value) ? null : 'its value names no variable: write $NAME in capitals, e.g. $GATEWAY_KEY'
  if (secretName.test(name)) return `"${name}" carries a secret, and a recipe must not hold one: ${toVariable}`
  if (looksLikeKey(value)) return `the value of "${name}" looks like a key: ${toVariable}`
  return null
}

type Check = (values: Record<string, string>, context: z.core.$RefinementCtx<Record<string, string>>) => void

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Headers that belong to the transport. */
const ownHeaders = new Set(['content-type', 'content-length', 'host', 'connection', 'transfer-encoding'])

function headerProblem(name: string, value: string): string | null {
  if (!headerName.test(name)) return `"${name}" is no name of a header: use letters, digits and -`
  if (ownHeaders.has(name.toLowerCase())) return `Hone sets the header "${name}" itself: leave it out`
  if (!/^[\t\x20-\x7e]*$/.test(value))
    return `the value of "${name}" has a character that no header may have: use ASCII`
  return secretProblem(name, value)
}

const checkEach =
  (problemOf: (name: string, value: string) => string | null): Check =>
  (values, context) => {
    for (const [name, value] of Object.entries(values)) {
      const message = problemOf(name, value)
      if (message !== null) context.addIssue({ code: 'custom', path: [name], message, input: value })
    }
  }

/** Refuses headers that hold a secret, that Hone sets itself, or that no server could read. */
export const checkHeaders = checkEach(headerProblem)

/** Refuses parameters of a query that hold a secret. */
export const checkQuery = checkEach(secretProblem)

/**
 * The place of a secret in a JSON value, as a path; null when there is none. A number or a flag is
 * no secret, whatever its name: `max_tokens: 5`.
 */
export function secretPath(value: unknown, path: readonly PropertyKey[] = []): readonly PropertyKey[] | null {
  if (typeof value === 'string') {
    const name = path.findLast((key) => typeof key === 'string') ?? ''
    return looksLikeKey(value) || /authorization|secret|passw|api[-_]?key/i.test(name) ? path : null
  }
  if (typeof value !== 'object' || value === null) return null
  for (const [key, inner] of Object.entries(value)) {
    const found = secretPath(inner, [...path, Array.isArray(value) ? Number(key) : key])
    if (found) return found
  }
  return null
}

import { didYouMean } from '../domain/did-you-mean.ts'
import { endpointChange } from '../domain/recipe/endpoint-changes.ts'
import type { EndpointChange, EndpointChanges } from '../domain/recipe/endpoint-changes.ts'
import { isUrlEndpoint } from '../domain/recipe/endpoints.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { usageError } from './usage-error.ts'

/** The words of `--endpoint NAME=URL` and `--api-key-env NAME=VARIABLE`. */
export interface ChangeWords {
  endpoint?: readonly string[]
  apiKeyEnv?: readonly string[]
}

/**
 * Changes of a campaign's endpoints, as the command line says them; undefined where it says none.
 * Throws InvalidInput. A refusal does not repeat the value, because it may be a secret.
 */
export function readEndpointChanges(
  { endpoint = [], apiKeyEnv = [] }: ChangeWords,
  { endpoints }: Pick<Recipe, 'endpoints'>,
): EndpointChanges | undefined {
  const names = Object.keys(endpoints).filter((name) => {
    const spec = endpoints[name]
    return spec !== undefined && isUrlEndpoint(spec)
  })
  const changes = new Map<string, EndpointChange>()
  const note = (flag: string, word: string, what: string, add: (change: EndpointChange, value: string) => object) => {
    const at = word.indexOf('=')
    const name = word.slice(0, Math.max(0, at))
    if (!names.includes(name)) {
      const guess = didYouMean(name, names)
      const known = names.length === 0 ? 'The recipe has no endpoint with a URL.' : `It has: ${names.join(', ')}.`
      throw usageError(
        at > 0 ? `${flag}: the recipe has no endpoint "${name}" with a URL.` : `${flag} names no endpoint.`,
        `${guess === null ? known : `Did you mean "${guess}"?`} Write ${flag} NAME=${what}.`,
      )
    }
    const before = changes.get(name) ?? {}
    const parsed = endpointChange.safeParse({ ...before, ...add(before, word.slice(at + 1)) })
    if (!parsed.success)
      throw usageError(`${flag} ${name}=…: ${parsed.error.issues[0]?.message}.`, `Write ${flag} ${name}=${what}.`)
    changes.set(name, parsed.data)
  }
  for (const word of endpoint) note('--endpoint', word, 'URL', ({ url = [] }, value) => ({ url: [...url, value] }))
  for (const word of apiKeyEnv) note('--api-key-env', word, 'VARIABLE', (_, value) => ({ apiKeyEnv: value }))
  return changes.size === 0 ? undefined : Object.fromEntries(changes)
}

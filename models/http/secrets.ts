import { HoneError } from '../../domain/errors.ts'
import type { ResolvedEndpoint } from '../endpoint.ts'
import type { Keys } from './keys.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything secret of an endpoint, at one moment. */
export interface Secrets {
  key: string | undefined
  /** Headers and query of the recipe, with their values. Names of headers are in lower case. */
  headers: Readonly<Record<string, string>>
  query: Readonly<Record<string, string>>
  /** What no text may show. */
  values: readonly string[]
}

type Secretive = Pick<
  ResolvedEndpoint,
  'name' | 'apiKeyEnv' | 'apiKeyFile' | 'apiKeyCommand' | 'headers' | 'query' | 'proxy'
>

const variable = /\$([A-Z_][A-Z0-9_]*)/g

/**
 * Reads the secrets of an endpoint. Variables and files are read at each call, so that a key can
 * change while a step runs. Throws HoneError MissingSecret for a key or a variable that is missing,
 * or that no header can hold. No error quotes a value.
 */
export async function readSecrets(endpoint: Secretive, env: Environment, keys: Keys): Promise<Secrets> {
  const key = await readKey(endpoint, env, keys)
  const values = new Set<string>(key === undefined ? [] : [key])
  const fill = (place: string, text: string) => {
    const filled = filledIn(endpoint, place, text, env)
    for (const secret of filled.secrets) values.add(secret)
    return filled.text
  }
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(endpoint.headers ?? {})) {
    const value = fill(`the header ${name}`, text)
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw malformed(endpoint, `the header ${name}`)
    headers[name.toLowerCase()] = value
  }
  const query = Object.fromEntries(
    Object.entries(endpoint.query ?? {}).map(([name, text]) => [name, fill(`the query's ${name}`, text)]),
  )
  return { key, headers, query, values: [...values] }
}

/** A text of a recipe with its variables filled in, and the values of these variables. */
export function filledIn(
  { name }: Pick<ResolvedEndpoint, 'name'>,
  place: string,
  text: string,
  env: Environment,
): { text: string; secrets: string[] } {
  const secrets: string[] = []
  const filled = text.replaceAll(variable, (_, variableName: string) => {
    const value = env[variableName]?.trim()
    if (!value) throw missing(name, place, variableName)
    secrets.push(value)
    return value
  })
  return { text: filled, secrets }
}

async function readKey(endpoint: Secretive, env: Environment, keys: Keys): Promise<string | undefined> {
  const { name, apiKeyEnv, apiKeyFile, apiKeyCommand } = endpoint
  let key: string | undefined
  if (apiKeyEnv) {
    key = env[apiKeyEnv]?.trim()
    if (!key) throw missing(name, 'its key', apiKeyEnv)
  } else if (apiKeyFile) key = await keys.ofFile(apiKeyFile)
  else if (apiKeyCommand) key = await keys.ofCommand(apiKeyCommand, env)
  if (key !== undefined && /[^\x21-\x7e]/.test(key)) throw malformed(endpoint, `the key ${sourceOf(endpoint)}`)
  return key
}

const sourceOf = ({ apiKeyEnv, apiKeyFile, apiKeyCommand }: Secretive): string => {
  if (apiKeyEnv) return `in ${apiKeyEnv}`
  return apiKeyFile ? `in ${apiKeyFile}` : `that the command "${apiKeyCommand}" prints`
}

const missing = (endpoint: string, place: string, name: string): HoneError =>
  new HoneError({
    type: 'MissingSecret',
    message: `endpoint "${endpoint}" needs ${place}, but the environment variable ${name} is not set`,
    nextStep: `export ${name}=… here and where the worker runs, then start again`,
  })

const malformed = ({ name }: Secretive, place: string): HoneError =>
  new HoneError({
    type: 'MissingSecret',
    message: `endpoint "${name}": ${place} has a line break, a space or another character that no header can hold`,
    nextStep: 'write it again as one line without spaces and quotes, then start again',
  })

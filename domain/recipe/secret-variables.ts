import { isUrlEndpoint } from './endpoints.ts'
import type { EndpointSpec } from './endpoints.ts'
import { presetOf } from './providers.ts'
import { fromVariable } from './secrets.ts'

/**
 * Names of the environment variables that hold a key or another secret of these endpoints,
 * whatever their names look like.
 */
export function secretVariables(endpoints: Readonly<Record<string, EndpointSpec>>): string[] {
  return Object.values(endpoints).flatMap((spec) => {
    if (!isUrlEndpoint(spec)) return []
    const { apiKeyEnv, provider, headers = {}, query = {}, proxy } = spec
    const written = [...Object.values(headers), ...Object.values(query), proxy ?? '']
    const named = written.filter((value) => fromVariable.test(value)).map((value) => value.slice(1))
    return [apiKeyEnv, presetOf(provider).apiKeyEnv].flatMap((name) => name ?? []).concat(named)
  })
}

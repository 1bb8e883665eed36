import { z } from 'zod'
import { nameOfVariable } from './call-options.ts'
import { isUrlEndpoint } from './endpoints.ts'
import type { EndpointSpec } from './endpoints.ts'
import { serverUrl } from './server-url.ts'

/**
 * What may change at an endpoint while its campaign goes on: where its servers are, and the
 * variable that holds its key. Neither is part of a request's identity, so every paid reply is
 * found again. Another model or other fields of the body need a new campaign.
 */
export const endpointChange = z.object({
  url: z.array(serverUrl).min(1).max(64).optional(),
  apiKeyEnv: nameOfVariable.optional(),
})
export type EndpointChange = z.infer<typeof endpointChange>

/** Changes by the name of the endpoint. */
export const endpointChanges = z.record(z.string(), endpointChange)
export type EndpointChanges = z.infer<typeof endpointChanges>

/** Endpoints of a recipe with the changes in their order. A later change of a field wins. */
export function changedEndpoints(
  endpoints: Readonly<Record<string, EndpointSpec>>,
  changes: readonly EndpointChanges[],
): Record<string, EndpointSpec> {
  const changed = { ...endpoints }
  for (const [name, change] of changes.flatMap((each) => Object.entries(each))) {
    const spec = changed[name]
    if (!spec || !isUrlEndpoint(spec)) continue
    const { apiKeyFile: _file, apiKeyCommand: _command, ...rest } = spec
    // A key has one place.
    const kept = change.apiKeyEnv === undefined ? spec : rest
    changed[name] = {
      ...kept,
      ...(change.url && { url: change.url }),
      ...(change.apiKeyEnv !== undefined && { apiKeyEnv: change.apiKeyEnv }),
    }
  }
  return changed
}

import { urlsOf } from '../domain/recipe/endpoints.ts'
import type { UrlEndpoint } from '../domain/recipe/endpoints.ts'
import { presetOf, presetOptions } from '../domain/recipe/providers.ts'
import type { BatchLimits, ResolvedEndpoint } from './endpoint.ts'

/** Seconds for which an outage is waited for, where the recipe says nothing. */
export const usualOutageSeconds = 600

/** Limits of OpenAI's batch API (platform.openai.com/docs/api-reference/batch/create). */
const usualBatch: BatchLimits = { window: '24h', maxRequests: 50_000, maxBytes: 200_000_000, pollSeconds: 60 }

/** Headers that carry a key. With one of them the preset's variable is not read. */
const keyHeader = /^(authorization|api-key|x-api-key)$/i

/**
 * An endpoint of a recipe with everything filled in: the recipe's own values, then those of its
 * provider's preset, then the usual ones. `baseUrlOf` changes a URL of the recipe, such as
 * `demo:teacher`.
 */
export function resolveUrlEndpoint(
  name: string,
  spec: UrlEndpoint,
  baseUrlOf: (url: string) => string = (url) => url,
): ResolvedEndpoint {
  const { url: _url, prices: _prices, batch, ...own } = spec
  const preset = presetOf(spec.provider)
  const { apiKeyEnv, apiKeyFile, apiKeyCommand, headers = {} } = own
  const hasKey =
    (apiKeyEnv ?? apiKeyFile ?? apiKeyCommand) !== undefined ||
    Object.keys(headers).some((header) => keyHeader.test(header))
  return {
    stream: 'auto',
    outageSeconds: usualOutageSeconds,
    ...presetOptions(spec.provider, spec.model),
    ...own,
    ...(!hasKey && preset.apiKeyEnv !== undefined && { apiKeyEnv: preset.apiKeyEnv }),
    ...(own.mode === 'batch' && { batch: batchLimits({ ...usualBatch, ...preset.batch }, batch) }),
    name,
    baseUrls: urlsOf(spec).map(baseUrlOf),
    identity: spec.model,
  }
}

const batchLimits = (usual: BatchLimits, own: UrlEndpoint['batch'] = {}): BatchLimits => ({
  window: own.window ?? usual.window,
  maxRequests: own.maxRequests ?? usual.maxRequests,
  maxBytes: own.maxBytes ?? usual.maxBytes,
  pollSeconds: own.pollSeconds ?? usual.pollSeconds,
})

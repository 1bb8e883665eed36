import { isIP } from 'node:net'
import { getProxyForUrl } from 'proxy-from-env'
import { HoneError } from '../../domain/errors.ts'
import type { ResolvedEndpoint } from '../endpoint.ts'
import { filledIn } from './secrets.ts'
import type { Environment } from './secrets.ts'

/** How a server is reached. */
export interface Route {
  /** Undefined: without a proxy. */
  proxy?: URL | undefined
  caFile?: string | undefined
  /** Password of the proxy, which no text may show. */
  secrets: readonly string[]
}

/**
 * The route to a server: the endpoint's own proxy, or that of HTTPS_PROXY, HTTP_PROXY, ALL_PROXY
 * and NO_PROXY. This machine is never reached through a proxy of the variables, because a proxy
 * cannot reach it, and served checkpoints are here. Throws HoneError InvalidRecipe for a proxy that
 * cannot be used.
 */
export function routeTo(
  url: URL,
  endpoint: Pick<ResolvedEndpoint, 'name' | 'proxy' | 'caFile'>,
  env: Environment,
): Route {
  const { proxy: own, caFile } = endpoint
  const named = own === undefined ? undefined : filledIn(endpoint, 'its proxy', own, env)
  const text = named ? named.text : isHere(url) ? '' : getProxyForUrl(url.href)
  if (text === '') return { caFile, secrets: [] }
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  if (proxy?.protocol !== 'http:' && proxy?.protocol !== 'https:') throw unusable(endpoint.name, own !== undefined)
  const password = proxy.password === '' ? [] : [proxy.password, decoded(proxy.password, endpoint.name, own)]
  return { proxy, caFile, secrets: [...password, ...(named?.secrets ?? [])] }
}

function decoded(password: string, endpoint: string, own: string | undefined): string {
  try {
    return decodeURIComponent(password)
  } catch {
    throw unusable(endpoint, own !== undefined)
  }
}

function isHere({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

// The text of the proxy is not quoted, because it may hold a password.
const unusable = (endpoint: string, isOwn: boolean): HoneError =>
  new HoneError({
    type: 'InvalidRecipe',
    message: `endpoint "${endpoint}": the proxy of ${isOwn ? 'the recipe' : 'HTTPS_PROXY, HTTP_PROXY or ALL_PROXY'} is no http:// or https:// URL`,
    nextStep: isOwn ? 'correct `proxy`' : 'correct the variable, set `proxy`, or add the host to NO_PROXY',
  })

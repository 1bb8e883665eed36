import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Recipe, UrlEndpoint } from '../domain/recipe/recipe.ts'
import { urlsOf } from '../domain/recipe/endpoints.ts'

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) })
const lookSeconds = 10

/**
 * Checks every server of a recipe before a campaign is kept: its key is set, it answers, it accepts
 * the key, it knows the model. A server without a list of models passes: the first request will
 * tell. Throws MissingSecret or EndpointRefused with the endpoint's name and what to do, never with
 * the key.
 */
export async function checkEndpoints(recipe: Recipe, surroundings: Surroundings): Promise<void> {
  await Promise.all(
    Object.entries(recipe.endpoints).flatMap(([name, spec]) =>
      'url' in spec ? urlsOf(spec).map((url) => checkServer(name, spec, url, surroundings)) : [],
    ),
  )
}

interface Surroundings {
  /** The server behind `demo:teacher`; null where it does not run. */
  demo: { teacherUrl: string } | null
  /** Environment variables, for the keys. */
  env: Readonly<Record<string, string | undefined>>
}

async function checkServer(name: string, spec: UrlEndpoint, named: string, { demo, env }: Surroundings): Promise<void> {
  const url = named === 'demo:teacher' ? demo?.teacherUrl : named
  if (url === undefined)
    throw refused(
      `endpoint "${name}" is the demo teacher, which does not run here`,
      'run `hone demo` or `hone dev --demo`, or give a URL',
    )
  const key = spec.apiKeyEnv === undefined ? undefined : env[spec.apiKeyEnv]?.trim()
  if (spec.apiKeyEnv !== undefined && !key)
    throw new HoneError({
      type: 'MissingSecret',
      message: `endpoint "${name}" needs the environment variable ${spec.apiKeyEnv}, which is not set`,
      nextStep: `export ${spec.apiKeyEnv}=… here and where the worker runs, then start again`,
    })
  // With several servers, the error says which.
  const who = `endpoint "${name}"${urlsOf(spec).length > 1 ? ` (${url})` : ''}`
  const response = await fetch(`${url.replace(/\/+$/, '')}/models`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(lookSeconds * 1000),
  }).catch((error: unknown) => {
    throw refused(
      `endpoint "${name}": nobody answers at ${url} (${whyOf(error)})`,
      `start the server, or correct endpoints.${name}.url`,
    )
  })
  if (response.status === 401 || response.status === 403)
    throw refused(
      `${who} refuses the key (HTTP ${response.status})`,
      `check ${spec.apiKeyEnv ?? 'whether it needs an apiKeyEnv'}`,
    )
  const models = modelList.safeParse(await response.json().catch(() => null))
  if (!response.ok || !models.success) return
  const ids = models.data.data.map(({ id }) => id)
  if (!ids.includes(spec.model))
    throw refused(
      `${who} does not serve the model "${spec.model}"`,
      `use one of: ${ids.slice(0, 10).join(', ') || '(it lists none)'}`,
    )
}

/**
 * Why a request failed. A name with two addresses (localhost) fails with a list of errors and an
 * empty message.
 */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${lookSeconds} s`
  if (error.cause !== undefined) return whyOf(error.cause)
  if (error instanceof AggregateError) return error.errors.map(whyOf).join('; ')
  return error.message
}

const refused = (message: string, nextStep: string) => new HoneError({ type: 'EndpointRefused', message, nextStep })

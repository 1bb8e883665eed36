import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { EndpointSpec, Recipe } from '../domain/recipe.ts'

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) })
const lookSeconds = 10

/**
 * Looks at every server that a recipe names before a campaign is kept: key set, reachable, key accepted, model known. Servers without a list of models
 * pass: their first request will tell.
 * @throws HoneError MissingSecret or EndpointRefused, naming the endpoint and the fix; never the key.
 */
export async function checkEndpoints(recipe: Recipe, demo: { teacherUrl: string } | null): Promise<void> {
  await Promise.all(
    Object.entries(recipe.endpoints).map(async ([name, spec]) => {
      if ('url' in spec) await checkServer(name, spec, demo)
    }),
  )
}

async function checkServer(
  name: string,
  spec: Extract<EndpointSpec, { url: string }>,
  demo: { teacherUrl: string } | null,
): Promise<void> {
  const url = spec.url === 'demo:teacher' ? demo?.teacherUrl : spec.url
  if (url === undefined)
    throw refused(
      `endpoint "${name}" is the demo teacher, which does not run here`,
      'run `hone demo` or `hone dev --demo`, or give a URL',
    )
  const key = spec.apiKeyEnv === undefined ? undefined : process.env[spec.apiKeyEnv]
  if (spec.apiKeyEnv !== undefined && !key)
    throw new HoneError({
      type: 'MissingSecret',
      message: `endpoint "${name}" needs the environment variable ${spec.apiKeyEnv}, which is not set`,
      nextStep: `export ${spec.apiKeyEnv}=… here and where the worker runs, then start again`,
    })
  const response = await fetch(`${url}/models`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(lookSeconds * 1000),
  }).catch((error: unknown) => {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw refused(
      `endpoint "${name}": nobody answers at ${url} (${why})`,
      `start the server, or correct endpoints.${name}.url`,
    )
  })
  if (response.status === 401 || response.status === 403)
    throw refused(
      `endpoint "${name}" refuses the key (HTTP ${response.status})`,
      `check ${spec.apiKeyEnv ?? 'whether it needs an apiKeyEnv'}`,
    )
  const models = modelList.safeParse(await response.json().catch(() => null))
  if (!response.ok || !models.success) return
  const ids = models.data.data.map(({ id }) => id)
  if (!ids.includes(spec.model))
    throw refused(
      `endpoint "${name}" does not serve the model "${spec.model}"`,
      `use one of: ${ids.slice(0, 10).join(', ') || '(it lists none)'}`,
    )
}

const refused = (message: string, nextStep: string) => new HoneError({ type: 'EndpointRefused', message, nextStep })

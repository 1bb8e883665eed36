import pLimit from 'p-limit'
import sharp from 'sharp'
import { sha256Hex } from '../artifacts/hash.ts'
import { createImages } from '../data/pictures/prepare.ts'
import { HoneError } from '../domain/errors.ts'
import { isUrlEndpoint } from '../domain/recipe/endpoints.ts'
import type { Recipe, UrlEndpoint } from '../domain/recipe/recipe.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { resolveUrlEndpoint } from '../models/resolve-endpoint.ts'
import { probe } from '../models/probe.ts'
import type { Probe, Probed } from '../models/probe.ts'
import { Scope } from '../models/scope.ts'
import { requestForms } from './request-forms.ts'
import type { RequestForm } from './request-forms.ts'

/** What a probe of endpoints needs besides the recipe. */
export interface Surroundings {
  /** The server behind `demo:teacher`; null where it does not run. */
  demo: { teacherUrl: string } | null
  /** Environment variables, for the keys. */
  env: Readonly<Record<string, string | undefined>>
  /** Called with a line on the servers that are waited for. */
  onWaiting?: ((line: string) => void) | undefined
  /** Time for all servers together; 60 s where absent. */
  deadlineMs?: number | undefined
}

/** What requests of one form met at one server. */
export interface EndpointFinding {
  endpoint: string
  url: string
  /** Names of the steps and benchmarks that send requests of this form. */
  users: readonly string[]
  probed: Probed
}

const usualDeadlineMs = 60_000

/**
 * Sends every server of a recipe one small request of each form that the recipe's steps send, all
 * servers at the same time. Throws MissingSecret and InvalidRecipe for a key or an option that
 * cannot be used, and EndpointRefused for a demo teacher that does not run.
 */
export async function probeEndpoints(recipe: Recipe, surroundings: Surroundings): Promise<EndpointFinding[]> {
  const picture = await madeUpPicture()
  const images = createImages({ source: { read: () => Promise.resolve(picture) } })
  const forms = await requestForms(recipe, sha256Hex(picture))
  const endpoints = Object.entries(recipe.endpoints).flatMap(([name, spec]) =>
    isUrlEndpoint(spec) && forms.some(({ endpoint }) => endpoint === name) ? [resolved(name, spec, surroundings)] : [],
  )
  const scope = new Scope()
  const deadline = startDeadline(surroundings)
  const ask = async (endpoint: ResolvedEndpoint, baseUrl: string, form: RequestForm): Promise<EndpointFinding> => {
    const asked = { endpoint, baseUrl, request: form.request, images, env: surroundings.env, scope }
    return { endpoint: endpoint.name, url: baseUrl, users: form.users, probed: await deadline.probe(asked) }
  }
  try {
    const asking = endpoints.flatMap((endpoint) => {
      const own = forms.filter((form) => form.endpoint === endpoint.name)
      const limit = pLimit(endpoint.concurrency)
      return endpoint.baseUrls.flatMap((url) => own.map((form) => limit(ask, endpoint, url, form)))
    })
    return await Promise.all(asking)
  } finally {
    scope.cancel(new Error('the probe of the endpoints is over'))
  }
}

/** Runs probes that share a deadline, and tells which servers are waited for. */
function startDeadline({ onWaiting, deadlineMs = usualDeadlineMs }: Surroundings) {
  const began = performance.now()
  const waiting = new Map<string, string>()
  return {
    async probe(asked: Omit<Probe, 'deadlineMs' | 'onWaiting'>): Promise<Probed> {
      const { name } = asked.endpoint
      const passed = () => performance.now() - began
      try {
        return await probe({
          ...asked,
          deadlineMs: Math.max(1, deadlineMs - passed()),
          onWaiting(detail) {
            waiting.set(name, `endpoint "${name}": ${detail}`)
            const seconds = `${Math.round(passed() / 1000)} of ${deadlineMs / 1000} s`
            onWaiting?.(`waiting for ${[...waiting.values()].join('; ')} (${seconds})`)
          },
        })
      } finally {
        waiting.delete(name)
      }
    },
  }
}

/** An endpoint with everything filled in. */
function resolved(name: string, spec: UrlEndpoint, { demo }: Surroundings): ResolvedEndpoint {
  return resolveUrlEndpoint(name, spec, (named) => {
    if (named !== 'demo:teacher') return named
    if (demo) return demo.teacherUrl
    throw new HoneError({
      type: 'EndpointRefused',
      message: `endpoint "${name}" is the demo teacher, which does not run here`,
      nextStep: 'run `hone demo` or `hone dev --demo`, or give a URL',
    })
  })
}

const [side, ground] = [224, { r: 240, g: 240, b: 240 }]

/** A red circle and a blue square on light ground: a picture that no filter minds. */
async function madeUpPicture(): Promise<Buffer> {
  const shapes = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
    <circle cx="56" cy="56" r="36" fill="#d62728"/><rect x="132" y="132" width="72" height="72" fill="#1f4fb4"/></svg>`
  const empty = sharp({ create: { width: side, height: side, channels: 3, background: ground } })
  return await empty
    .composite([{ input: Buffer.from(shapes) }])
    .png()
    .toBuffer()
}

import { expect, it } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { resolveEndpoint } from '../../activities/endpoints.ts'
import { endpointSpec } from '../../domain/recipe/endpoints.ts'

const ref = { campaign: 'mine', round: 1, step: 'describe' }
// An endpoint with a URL needs a worker only for the address of the demo.
const deps = { demo: { teacherUrl: 'http://127.0.0.1:9/v1' } } as Deps
const resolved = (spec: object) =>
  resolveEndpoint(deps, ref, 'teacher', endpointSpec.parse(spec), new AbortController().signal)

it('an endpoint of a recipe reaches the engine with all its options', async () => {
  const options = {
    model: 'big',
    apiKeyEnv: 'BIG_KEY',
    concurrency: 64,
    timeoutSeconds: 60,
    imageMaxPixels: 78_400,
    imagePatch: 32,
    deadlineSeconds: 600,
    hedge: { percentile: 99, minSeconds: 5 },
    requestsPerMinute: 500,
    tokensPerMinute: 1_000_000,
    stream: 'never',
    outageSeconds: 30,
  }
  const prices = { promptPerMillion: 1, completionPerMillion: 4, currency: 'USD' }
  expect(await resolved({ url: ['http://a/v1', 'demo:teacher'], prices, ...options })).toEqual({
    ...options,
    name: 'teacher',
    identity: 'big',
    baseUrls: ['http://a/v1', 'http://127.0.0.1:9/v1'],
  })
})

it('one URL becomes a list of one URL, and options that a recipe leaves out are the usual ones or stay out', async () => {
  expect(await resolved({ url: 'http://a/v1', model: 'big' })).toEqual({
    name: 'teacher',
    model: 'big',
    identity: 'big',
    baseUrls: ['http://a/v1'],
    concurrency: 16,
    timeoutSeconds: 120,
    imageMaxPixels: 1_003_520,
    stream: 'auto',
    outageSeconds: 600,
  })
})

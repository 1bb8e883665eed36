import { LRUCache } from 'lru-cache'
import { HoneError } from '../../domain/errors.ts'
import { providerNames } from '../../domain/recipe/provider-names.ts'
import { presetOf } from '../../domain/recipe/providers.ts'
import { createEngine } from '../../models/engine.ts'
import type { ReplyStore, StoredReply } from '../../models/reply-store.ts'
import { resolveUrlEndpoint } from '../../models/resolve-endpoint.ts'
import { createJudge } from './judge.ts'
import type { Judge } from './judge.ts'
import type { JudgeFile } from './judge-file.ts'

/**
 * Replies that a judge without a database remembers. It forgets those first that it used least
 * recently.
 */
const rememberedReplies = 50_000

export interface OpenJudge {
  judge: Judge
  /** Cancels what still runs and frees connections. */
  close(): Promise<void>
}

interface OpenJudgeOptions {
  /** Ends in `/v1`. A list where several servers share the work. */
  url: string | readonly string[]
  model: string
  /** Environment variable that holds the key. Without it no key is sent. */
  apiKeyEnv?: string | undefined
  timeoutSeconds?: number
  concurrency?: number
  /** Headers, proxy and the like. */
  options?: JudgeFile['options']
  env?: Readonly<Record<string, string | undefined>>
}

/**
 * A judge at an OpenAI-compatible endpoint, with an engine of its own. The engine remembers replies
 * as long as the judge lives.
 */
export function openJudge(options: OpenJudgeOptions): OpenJudge {
  const { url, model, apiKeyEnv, timeoutSeconds = 20, concurrency = 16, env = process.env } = options
  const engine = createEngine({
    endpoints: [
      {
        ...resolveUrlEndpoint('judge', {
          ...options.options,
          url: typeof url === 'string' ? url : [...url],
          model,
          apiKeyEnv,
          concurrency,
          timeoutSeconds,
          imageMaxPixels: 1,
        }),
        // A batch has a deadline, so a judge that is away is told of soon.
        outageSeconds: undefined,
      },
    ],
    replies: new RememberedReplies(),
    images: { dataUrl: () => Promise.reject(new RangeError('a judge is shown no pictures')) },
    signal: new AbortController().signal,
    // The deadline of a batch is near: long waits between tries would only lead to abstentions.
    retries: { attempts: 3, baseMs: 250 },
    env,
  })
  return {
    judge: createJudge({ ask: (request) => engine.ask(request), endpoint: 'judge', model, timeoutSeconds }),
    close: () => engine.close(),
  }
}

/**
 * The judge that the environment names: HONE_JUDGE_URL and HONE_JUDGE_MODEL, with a key in
 * HONE_JUDGE_KEY where the endpoint wants a key. HONE_JUDGE_PROVIDER names a preset; then the URL
 * may be left out where the preset has one. Null when no variable is set. Throws HoneError
 * (InvalidInput) when the variables do not name a judge.
 */
export function judgeFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  more: Pick<OpenJudgeOptions, 'timeoutSeconds' | 'concurrency'> = {},
): OpenJudge | null {
  const valueOf = (name: string) => env[name]?.trim() ?? ''
  const [said, model, name] = [valueOf('HONE_JUDGE_URL'), valueOf('HONE_JUDGE_MODEL'), valueOf('HONE_JUDGE_PROVIDER')]
  if (said === '' && model === '' && name === '') return null
  const provider = providerNames.find((each) => each === name)
  const url = said === '' ? (presetOf(provider).url ?? '') : said
  if (name !== '' && provider === undefined)
    throw unreachable('HONE_JUDGE_PROVIDER names no preset', `Presets are ${providerNames.join(', ')}.`)
  if (url === '') throw unreachable('HONE_JUDGE_URL is not set')
  if (model === '') throw unreachable('HONE_JUDGE_MODEL is not set')
  if (!/^https?:\/\/\S+$/.test(url) || !URL.canParse(url)) throw unreachable('HONE_JUDGE_URL is not an http URL')
  const apiKeyEnv = env['HONE_JUDGE_KEY'] ? 'HONE_JUDGE_KEY' : undefined
  return openJudge({ url, model, apiKeyEnv, env, ...(provider && { options: { provider } }), ...more })
}

const unreachable = (
  wrong: string,
  nextStep = 'Set HONE_JUDGE_URL (it ends in /v1) and HONE_JUDGE_MODEL both, or neither to go without a judge.',
): HoneError => new HoneError({ type: 'InvalidInput', message: `The judge cannot be reached: ${wrong}.`, nextStep })

class RememberedReplies implements ReplyStore {
  readonly #byKey = new LRUCache<string, StoredReply>({ max: rememberedReplies })

  find(keys: readonly string[]): Promise<Map<string, StoredReply>> {
    const found = new Map<string, StoredReply>()
    for (const key of keys) {
      const reply = this.#byKey.get(key)
      if (reply) found.set(key, reply)
    }
    return Promise.resolve(found)
  }

  save(replies: readonly StoredReply[]): Promise<void> {
    for (const reply of replies) this.#byKey.set(reply.key, { ...reply, request: {} })
    return Promise.resolve()
  }
}

import type { Verdict } from '../../domain/rows.ts'
import { AskFailure } from '../../models/ask.ts'
import type { Ask, AskRequest, Reply } from '../../models/ask.ts'
import { Outage } from '../../models/failures.ts'
import { leafLimit } from '../plain-text.ts'
import { judgePromptHash, judgeMessages } from './prompt.ts'
import type { JudgeTexts } from './prompt.ts'
import { judgeMaxTokens, judgeTiers, readTier } from './tiers.ts'
import type { JudgeTier } from './tiers.ts'

/** Longest question that is sent, in characters. A question may be longer than an answer. */
const questionLimit = 16_000
/** Less than the 30 s that trainers wait for a reward, with room for the way back. */
const defaultTimeoutSeconds = 20
/**
 * Requests under way at once. Late requests of earlier batches count too: a slow judge must not
 * gather work without end.
 */
const defaultMaxOpen = 4096

/**
 * One case that no rule decided. `answer` is the bare answer, as extracted, not the whole
 * completion.
 */
export interface JudgeCase extends JudgeTexts {
  /**
   * The rules' verdict, where it is known. The type holds the promise that a judge never touches a
   * rule's verdict.
   */
  verdict?: 'unverifiable'
}

/**
 * Why a judge gave no score. Other words are those of an {@link AskFailure}, such as `http-400`.
 */
export type AbstainReason = 'cannot-tell' | 'unreadable' | 'timeout' | 'outage' | Unasked | (string & {})
/** With these reasons nothing was sent. */
const unasked = ['too-long', 'blank', 'busy'] as const
type Unasked = (typeof unasked)[number]

interface Judged {
  judged: true
  /** The replies were paid for earlier: no request was made for this result. */
  cached: boolean
  judgeVersion: string
  model: string
  /** Content keys of the replies, in order of use. */
  requestKeys: readonly string[]
}

/**
 * The judge's word on one case. Only tier `correct` is a correct verdict; `score` is for rewards.
 */
export type JudgeResult =
  | (Judged & {
      abstained: false
      verdict: Exclude<Verdict, 'unverifiable'>
      tier: Exclude<JudgeTier, 'cannot-tell'>
      score: number
    })
  | (Judged & { abstained: true; verdict: 'unverifiable'; score: null; reason: AbstainReason })

export interface JudgeOptions {
  /**
   * The sampling engine's `ask`. It keeps replies by content key, so no case is paid for twice with
   * the same model and prompt.
   */
  ask: Ask
  /** Name of the judge's endpoint in the engine. */
  endpoint: string
  /** Model name that results and scores show. */
  model: string
  /**
   * Seconds that one batch may take. After them the judge abstains from the cases that are still
   * open, and keeps late replies for the next time.
   */
  timeoutSeconds?: number
  /** Requests under way at once. The judge abstains from further cases as `busy`. */
  maxOpen?: number
  /**
   * For work that can be tried again later. There is no deadline and no bound on requests under
   * way, and the failure of a call is thrown as `ask` threw it: a verdict that is kept must not
   * depend on how busy the judge was.
   */
  isPatient?: boolean
}

export interface Judge {
  /**
   * Prompt and tiers by their hash, and the model: scores of different versions are never compared.
   */
  version: string
  model: string
  /**
   * Grades cases in their order. The judge abstains, with a reason, from a case that it cannot
   * grade. Throws HoneError for a failure that no case can escape (a wrong key, an unknown model),
   * and the signal's reason when the work is cancelled. A patient judge also throws AskFailure and
   * Outage.
   */
  judge(cases: readonly JudgeCase[], signal?: AbortSignal): Promise<JudgeResult[]>
}

/**
 * Version of the judge that a model makes. Scores and verdicts name it before the judge is asked.
 */
export const judgeVersion = (model: string): string => `judge-${judgePromptHash}/${model}`

/** Makes a judge over a sampling engine. */
export function createJudge(options: JudgeOptions): Judge {
  const {
    ask,
    endpoint,
    model,
    timeoutSeconds = defaultTimeoutSeconds,
    maxOpen = defaultMaxOpen,
    isPatient = false,
  } = options
  let open = 0
  const version = judgeVersion(model)
  const about = (replies: readonly Reply[]) => ({
    judged: true as const,
    cached: replies.length > 0 && replies.every((reply) => reply.reused),
    judgeVersion: version,
    model,
    requestKeys: replies.map((reply) => reply.key),
  })
  const abstain = (reason: AbstainReason, replies: readonly Reply[]): JudgeResult => ({
    ...about(replies),
    abstained: true,
    verdict: 'unverifiable',
    score: null,
    reason,
  })

  const askCounted = async (request: AskRequest): Promise<Reply> => {
    open += 1
    try {
      return await ask(request)
    } finally {
      open -= 1
    }
  }

  const grade = async (texts: JudgeCase, given: Deadline): Promise<JudgeResult> => {
    const unfit = unfitReason(texts)
    if (unfit !== null) return abstain(unfit, [])
    if (!isPatient && open >= maxOpen) return abstain('busy', [])
    const replies: Reply[] = []
    try {
      // The second try has another seed: at temperature 0 the same seed would say the same again.
      for (const seed of [0, 1]) {
        const reply = await given.race(askCounted(requestFor(endpoint, texts, seed)))
        if (reply === null) return abstain('timeout', replies)
        replies.push(reply)
        const tier = reply.finishReason === 'stop' ? readTier(reply.text) : null
        if (tier === 'cannot-tell') return abstain('cannot-tell', replies)
        if (tier === null) continue
        const verdict = tier === 'correct' ? 'correct' : 'incorrect'
        return { ...about(replies), abstained: false, verdict, tier, score: judgeTiers[tier] }
      }
      return abstain('unreadable', replies)
    } catch (error) {
      if (isPatient) throw error
      if (error instanceof AskFailure) return abstain(error.reason, replies)
      if (error instanceof Outage) return abstain('outage', replies)
      throw error
    }
  }

  return {
    version,
    model,
    async judge(cases, signal) {
      signal?.throwIfAborted()
      const given = startDeadline(isPatient ? null : timeoutSeconds * 1000, signal)
      try {
        return await Promise.all(cases.map((texts) => grade(texts, given)))
      } finally {
        given.clear()
      }
    },
  }
}

function requestFor(endpoint: string, texts: JudgeTexts, seed: number): AskRequest {
  const sampling = { temperature: 0, topP: 1, maxTokens: judgeMaxTokens, seed }
  return { endpoint, messages: judgeMessages(texts), sampling, sampleIndex: 0 }
}

/**
 * Why the texts are not sent; null when they are. Cutting a long text could turn its meaning round,
 * and nothing can be said of an empty text.
 */
function unfitReason({ question, gold, answer }: JudgeTexts): Unasked | null {
  if (question.length > questionLimit || gold.length > leafLimit || answer.length > leafLimit) return 'too-long'
  return gold.trim() === '' || answer.trim() === '' ? 'blank' : null
}

interface Deadline {
  /** The work's value, or null when the time was up first. The work itself goes on. */
  race<Value>(work: Promise<Value>): Promise<Value | null>
  clear(): void
}

function startDeadline(ms: number | null, signal?: AbortSignal): Deadline {
  let timer: NodeJS.Timeout | undefined
  let cancel = (): void => undefined
  const over = new Promise<null>((resolve, reject) => {
    if (ms !== null) timer = setTimeout(() => resolve(null), ms)
    cancel = () => reject(signal?.reason instanceof Error ? signal.reason : new Error('the judge was cancelled'))
    signal?.addEventListener('abort', cancel, { once: true })
  })
  // Without cases nobody else listens to the failure.
  over.catch(() => undefined)
  return {
    race(work) {
      // Nobody waits for a failure after the time is up.
      work.catch(() => undefined)
      return Promise.race([work, over])
    },
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    },
  }
}

/**
 * Counts for metrics. `asked` are results that a request was made for, `cached` are results whose
 * replies were paid for earlier.
 */
export interface JudgeCounts {
  judged: number
  asked: number
  cached: number
  abstained: number
}

export function countJudged(results: readonly JudgeResult[]): JudgeCounts {
  const cached = results.filter((result) => result.cached).length
  const unsent = results.filter(
    (result) => result.abstained && unasked.some((reason) => reason === result.reason),
  ).length
  const abstained = results.filter((result) => result.abstained).length
  return { judged: results.length, asked: results.length - cached - unsent, cached, abstained }
}

import type { Asked } from './answer.ts'
import type { ServerWords } from './server-words.ts'

/** Words that say that a request is refused because of its own row. */
interface RowRule {
  /** Short code of the row's failure; `http-<status>` where absent. */
  reason?: string
  words: RegExp
}

/** Reason of a row whose text or picture a filter refuses. */
export const contentFilter = 'content-filter'

const tooMuch: RowRule = { words: /\btoo (long|large)\b/ }

// Searched in small letters. The first rule that fits counts.
const rules: readonly RowRule[] = [
  {
    // Azure, OpenAI, DashScope, DeepSeek, Zhipu, Moonshot, xAI, OpenRouter, Gemini.
    reason: contentFilter,
    words: new RegExp(
      [
        'content_filter|responsibleaipolicyviolation|content_policy_violation|content management policy',
        'data_?inspection_?failed|inappropriate content|content exists risk|considered high risk',
        'flagged (by|as|for)|was flagged|requires moderation|moderation_?blocked|safety system',
        'prohibited_content|blocked by (the )?safety|violat\\w* (of )?(our |the |its )?(usage|content|safety)',
        'sensitive ?(content|information)|usage guidelines|不安全或敏感|敏感内容|"code": ?"?1301\\b',
      ].join('|'),
    ),
  },
  {
    // A picture.
    words: new RegExp(
      [
        'invalid (base64 )?image|image_parse_error|invalid_image|unsupported image|could not process image',
        'cannot identify image|failed to (load|decode|process|open) (the )?(image|media)|error(s)? (loading|decoding) image',
        'image (file )?is truncated|broken data stream|image length and width|aspect ratio must be|image dimensions',
        'image (size|exceeds|is too|was too|data|file) .{0,60}(large|exceed|maximum|limit|small|invalid|corrupt|mb\\b)',
        'input size exceed|image exceeds|unable to (process|decode|read) (the )?(input )?image|not a valid image|at most [1-9]\\d* image',
        'image_url.{0,40}too long',
        'too many images|the image is (too|invalid|corrupt)|decompression bomb|image(s)? (must|should) be (at least|larger|smaller)',
      ].join('|'),
    ),
  },
  {
    // The context. Each family of servers has its own sentence.
    words: new RegExp(
      [
        'context_length_exceeded|exceed_context_size|string_above_max_length|context_window_exceeded',
        'maximum context length|maximum model length|context window|context length|context size|context limit',
        'prompt is too long|input is too long|prompt too long|too many (input )?tokens|reduce the length',
        'input token count|range of input length|maximum (number of )?(input )?tokens allowed|max_seq_len|max_model_len',
        'max_tokens must be at least 1, got -|prompt contains .{1,40} tokens|exceeds n_ctx',
        'tokens? \\+ `?max_new_tokens`? must be|exceeds? (the )?(maximum|max) input|token limit exceeded|input length',
      ].join('|'),
    ),
  },
  {
    words: /request too large|request entity too large|payload too large|request_too_large|body too large/,
  },
  tooMuch,
]

/**
 * The reason of a refusal that is about the request's own row; undefined for all other refusals.
 */
export function rowReason({ all }: ServerWords, status: number): string | undefined {
  const rule = rules.find(({ words }) => words.test(all))
  if (!rule) return undefined
  // "max_tokens is too large" is about the step's own limit.
  if (rule === tooMuch && /\bmax_(completion_)?tokens\b/.test(all)) return undefined
  return rule.reason ?? `http-${status}`
}

/** Whether this very request is larger than a limit by the minute, so that it can never go. */
export const saysTooLarge = ({ all }: Pick<ServerWords, 'all'>): boolean => /request too large/.test(all)

const context = /(?:maximum context length(?: is| of)?|context (?:window|length) (?:is|of)) (\d{2,9})/
// Groq and OpenAI count the reply's limit among the tokens of a minute.
const minute = /\blimit:? (\d{2,9}), requested/

/** Whether `max_tokens` alone is more than the model or the minute has, so that no row can go. */
export function asksTooMuch({ all }: ServerWords, { size }: Pick<Asked, 'size'>): boolean {
  const named = context.exec(all)?.[1] ?? (saysTooLarge({ all }) ? minute.exec(all)?.[1] : undefined)
  return named !== undefined && size.maxTokens >= Number(named)
}

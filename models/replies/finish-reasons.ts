import { fieldsOf, textOf } from './foreign.ts'

/**
 * - `whole`: the model ended by itself or at a stop sequence.
 * - `cut`: a limit of tokens ended the reply.
 * - `refused`: the model or a filter refused.
 * - `failed`: the server broke off, or the reply is no text.
 */
export type Finish = 'whole' | 'cut' | 'refused' | 'failed'

/** Finish reason of an assembled stream that ended with neither a finish reason nor `[DONE]`. */
export const streamCut = 'stream-cut'

// In lower case and without marks: `MAX_TOKENS`, `max-tokens` and `maxTokens` are one spelling.
const spellings: Readonly<Record<Finish, string>> = {
  // OpenAI, Anthropic, Gemini, Cohere, Together and watsonx (eos), TGI, llama.cpp, Ollama, ERNIE,
  // LM Studio.
  whole: `
    stop stopped stopsequence stopstring stopstringfound stoptoken stopword word
    end ended endturn endofturn endoftext endofsequence eos eostoken eosfound eot
    complete completed finish finished done normal success`,
  // Mistral (model_length), llama.cpp (limit), Bedrock and Zhipu (model_context_window_exceeded),
  // OpenAI's responses (max_output_tokens, incomplete), Cohere (ERROR_LIMIT), LM Studio.
  cut: `
    length maxlength modellength contextlength contextlengthexceeded contextlengthreached
    contextwindowexceeded modelcontextwindowexceeded errorlimit
    maxtokens maxtokensreached maxoutputtokens maxnewtokens maxcompletiontokens
    maxpredictedtokensreached tokenlimit limit incomplete truncated`,
  // Azure, Gemini, Anthropic (refusal), Bedrock (guardrail), Cohere (ERROR_TOXIC), Zhipu and
  // Hunyuan (sensitive).
  refused: `
    contentfilter contentfiltered filter filtered refusal refused safety recitation language
    blocklist prohibitedcontent spii imagesafety imageprohibitedcontent imagerecitation modelarmor
    errortoxic sensitive guardrailintervened guardrails moderation moderated blocked flagged
    contentpolicy policyviolation`,
  // vLLM and SGLang (abort), OpenRouter and Mistral (error), Zhipu (network_error), DeepSeek
  // (insufficient_system_resource), Gemini (OTHER, MALFORMED_…), Ollama (load, unload), watsonx
  // (time_limit, not_finished), Cohere (USER_CANCEL). A tool call has no text to keep.
  failed: `
    abort aborted cancel canceled cancelled usercancel userstopped interrupted disconnect disconnected
    error err failed failure networkerror internalerror servererror connectionerror streamcut
    timeout timelimit notfinished insufficientsystemresource modelunloaded load unload repetition
    other unspecified malformedfunctioncall malformedmodeloutput unexpectedtoolcall toomanytoolcalls
    missingthoughtsignature imageother noimage pauseturn compaction
    toolcalls toolcall tooluse functioncall`,
}

const finishes = new Map<string, Finish>(
  Object.entries(spellings).flatMap(([finish, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, Finish] => [name, finish as Finish]),
  ),
)

const squashed = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    // Gemini's own names as other software prints them: FinishReason.STOP, FINISH_REASON_STOP.
    .replace(/^finishreason(?=.)/, '')

/**
 * The finish of one name. Gemini sends `content_filter: RECITATION`, so the first word counts too.
 */
const finishOfName = (name: string): Finish | undefined =>
  finishes.get(squashed(name)) ?? finishes.get(squashed(name.split(/[:;,(]/, 1)[0] ?? ''))

/** How a reply ended, and the server's name of it in small letters. */
export interface Ended {
  finish: Finish | 'unknown' | 'absent'
  name: string
}

/**
 * How a choice ended, from all names that it gives. OpenRouter and others give the provider's own
 * name beside theirs, which says `stop` for names that they do not know. So a name that is known
 * and is not `whole` counts before the others.
 */
export function endedAs(names: readonly unknown[]): Ended {
  const texts = names.flatMap((name) => textOf(name)?.trim() || textOf(fieldsOf(name)['type'])?.trim() || [])
  const known = texts.flatMap((text) => {
    const finish = finishOfName(text)
    return finish ? [{ finish, name: plainName(text) }] : []
  })
  const ended = known.find(({ finish }) => finish !== 'whole') ?? known[0]
  if (ended) return ended
  const [first] = texts
  return first === undefined ? { finish: 'absent', name: '' } : { finish: 'unknown', name: plainName(first) }
}

/** A name as part of a failure's reason, which is a short code. */
const plainName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40) || 'unnamed'

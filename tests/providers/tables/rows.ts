import { error, json, text, vllmError } from '../answers.ts'
import { refusesRow } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const one = { onlyRow: 5 }
const azureFilter = {
  message:
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
  type: null,
  param: 'prompt',
  code: 'content_filter',
  status: 400,
  innererror: {
    code: 'ResponsibleAIPolicyViolation',
    content_filter_result: { jailbreak: { filtered: true, detected: true } },
  },
}

/** Refusals of one row among good ones: the row fails at once, with the server's words. */
export const rows: readonly Behaviour[] = [
  // Too long.
  refusesRow(
    'OpenAI: context_length_exceeded',
    [
      error(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        { code: 'context_length_exceeded', param: 'messages' },
      ),
    ],
    /maximum context length/,
    { ...one, source: 'langchain-ai/langchain#24058' },
  ),
  refusesRow(
    'vLLM: maximum context length',
    [
      vllmError(
        400,
        "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion).",
      ),
    ],
    /maximum context length/,
    { ...one, source: 'vllm-project/vllm#20409' },
  ),
  refusesRow(
    'vLLM: max_tokens must be at least 1, got -186',
    [vllmError(400, 'max_tokens must be at least 1, got -186.')],
    /got -186/,
    { ...one, source: 'vllm-project/vllm#4667' },
  ),
  refusesRow(
    'vLLM: the prompt is longer than the model length',
    [vllmError(400, 'The decoder prompt (length 9000) is longer than the maximum model length of 8192.')],
    /longer than/,
    { ...one, source: 'vllm-project/vllm#33418' },
  ),
  refusesRow(
    'SGLang: longer than the context length',
    [
      json(400, {
        object: 'error',
        message: "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        type: 'BadRequestError',
        code: 400,
      }),
    ],
    /context length/,
    one,
  ),
  refusesRow(
    'llama.cpp: exceed_context_size_error',
    [
      json(400, {
        error: {
          code: 400,
          message: 'the request exceeds the available context size, try increasing it',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 9000,
          n_ctx: 4096,
        },
      }),
    ],
    /context size/,
    one,
  ),
  refusesRow(
    'TGI: inputs tokens and max_new_tokens',
    [
      json(422, {
        error:
          'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 512 `max_new_tokens`',
        error_type: 'validation',
      }),
    ],
    /must be <= 4096/,
    one,
  ),
  refusesRow(
    'Anthropic: prompt is too long',
    [
      json(400, {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' },
      }),
    ],
    /prompt is too long/,
    one,
  ),
  refusesRow(
    'Gemini: input token count',
    [
      json(400, {
        error: {
          code: 400,
          message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
          status: 'INVALID_ARGUMENT',
        },
      }),
    ],
    /input token count/,
    one,
  ),
  refusesRow(
    'Gemini: the same in a list',
    [
      json(400, [
        {
          error: {
            code: 400,
            message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
            status: 'INVALID_ARGUMENT',
          },
        },
      ]),
    ],
    /input token count/,
    one,
  ),
  refusesRow(
    'DashScope: range of input length',
    [error(400, 'Range of input length should be [1, 30720]', { code: 'invalid_parameter_error' })],
    /input length/,
    one,
  ),
  refusesRow(
    'Mistral: prompt contains too many tokens',
    [
      json(400, {
        object: 'error',
        message: 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_error',
        code: 3051,
      }),
    ],
    /too large/,
    one,
  ),
  refusesRow(
    'Groq: 413 request too large for the tokens of a minute',
    [
      error(
        413,
        'Request too large for model `x` on tokens per minute (TPM): Limit 12000, Requested 14137, please reduce your message size and try again.',
        { type: 'tokens', code: 'rate_limit_exceeded' },
      ),
    ],
    /Requested 14137/,
    { ...one, source: 'continuedev/continue#10218' },
  ),
  refusesRow(
    'OpenAI: 429 request too large for the tokens of a minute',
    [
      error(
        429,
        'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389. The input or output tokens must be reduced in order to run successfully.',
        { type: 'tokens', code: 'rate_limit_exceeded' },
      ),
    ],
    /Requested 342389/,
    { ...one, waits: [0, 60], source: 'vanna-ai/vanna-flask#11' },
  ),
  refusesRow(
    'nginx: 413 with a page',
    [text(413, '<html><head><title>413 Request Entity Too Large</title></head></html>', 'text/html')],
    /413/,
    one,
  ),
  refusesRow(
    'Anthropic: 413 request_too_large',
    [json(413, { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } })],
    /maximum size/,
    { ...one, source: 'docs.claude.com errors' },
  ),
  // Filters and policies.
  refusesRow("Azure: the prompt's content filter", [json(400, { error: azureFilter })], /content management policy/, {
    ...one,
    source: 'microsoft/TinyTroupe#85',
  }),
  refusesRow(
    "LiteLLM over Azure: the filter's words and code 400",
    [
      error(400, `litellm.ContentPolicyViolationError: AzureException - ${azureFilter.message}`, {
        type: null,
        code: '400',
      }),
    ],
    /content management policy/,
    { ...one, source: 'BerriAI/litellm#16231' },
  ),
  refusesRow(
    'OpenAI: content_policy_violation',
    [error(400, 'Your request was rejected as a result of our safety system.', { code: 'content_policy_violation' })],
    /safety system/,
    one,
  ),
  refusesRow(
    'OpenAI: invalid prompt by usage policy',
    [
      error(400, 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.', {
        code: 'invalid_prompt',
      }),
    ],
    /usage policy/,
    one,
  ),
  refusesRow(
    'DashScope: data_inspection_failed',
    [error(400, 'Input data may contain inappropriate content.', { code: 'data_inspection_failed' })],
    /inappropriate content/,
    one,
  ),
  refusesRow(
    'DashScope: output data inspection',
    [
      error(400, '<400> InternalError.Algo.DataInspectionFailed: Output data may contain inappropriate content.', {
        code: 'data_inspection_failed',
      }),
    ],
    /inappropriate content/,
    one,
  ),
  refusesRow(
    'Zhipu: 1301 sensitive content',
    [json(400, { error: { code: '1301', message: '系统检测到输入或生成内容可能包含不安全或敏感内容' } })],
    /1301|敏感/,
    one,
  ),
  refusesRow('DeepSeek: Content Exists Risk', [error(400, 'Content Exists Risk')], /Content Exists Risk/, one),
  refusesRow(
    'OpenRouter: 403 with moderation metadata',
    [
      json(403, {
        error: {
          code: 403,
          message: 'Your chosen model requires moderation and your input was flagged',
          metadata: { reasons: ['sexual'], flagged_input: '…', provider_name: 'X' },
        },
      }),
    ],
    /flagged/,
    { ...one, source: 'openrouter.ai/docs/api/reference/errors' },
  ),
  refusesRow(
    'Cloudflare: 403 for a text that its firewall does not like',
    [text(403, '<html><head><title>Attention Required! | Cloudflare</title></head></html>', 'text/html')],
    /403/,
    one,
  ),
  refusesRow('451', [text(451, 'Unavailable For Legal Reasons')], /451|Legal/, one),
]

import { expect, it } from 'vitest'
import type { Asked } from '../../../models/replies/answer.ts'
import { demandsStream } from '../../../models/replies/meaning.ts'
import { answer, asked, key, meaning, openaiError, said } from './answers.ts'

const e = openaiError
const html404 = '<html><head><title>404 Not Found</title></head><body>nginx</body></html>'

// A status, a body as it was reported, the kind of the result, and its reason or its status.
it.each([
  ['nothing said', 400, '', 'doubtful', 'http-400'],
  ['nothing said', 401, '', 'doubtful', 'http-401'],
  ['nothing said', 403, '', 'doubtful', 'http-403'],
  ['nothing said', 404, '', 'doubtful', 'http-404'],
  ['nothing said', 405, '', 'doubtful', 'http-405'],
  ['nothing said', 408, '', 'silent', 'http-408'],
  ['nothing said', 409, '', 'failed', 'http-409'],
  ['nothing said', 410, '', 'doubtful', 'http-410'],
  ['nothing said', 413, '', 'refused', 'http-413'],
  ['nothing said', 415, '', 'doubtful', 'http-415'],
  ['nothing said', 418, '', 'doubtful', 'http-418'],
  ['nothing said', 422, '', 'doubtful', 'http-422'],
  ['nothing said', 424, '', 'failed', 'http-424'],
  ['nothing said', 425, '', 'failed', 'http-425'],
  ['nothing said', 429, '', 'overloaded', ''],
  ['Groq’s flex tier is full', 498, '', 'overloaded', ''],
  ['a gateway’s own call was cancelled', 499, '', 'failed', 'http-499'],
  ['nothing said', 500, '', 'failed', 'http-500'],
  ['nothing said', 501, '', 'doubtful', 'http-501'],
  ['nothing said', 502, '', 'away', 'http-502'],
  ['nothing said', 503, '', 'away', 'http-503'],
  ['nothing said', 504, '', 'silent', 'http-504'],
  ['Cloudflare: an unknown error', 520, '', 'failed', 'http-520'],
  ['Cloudflare: the server is down', 521, '', 'away', 'http-521'],
  ['Cloudflare: no connection', 522, '', 'away', 'http-522'],
  ['Cloudflare: no way there', 523, '', 'away', 'http-523'],
  ['Cloudflare: no answer in 100 s', 524, '<html>524: A timeout occurred</html>', 'silent', 'http-524'],
  ['Cloudflare: no TLS', 525, '', 'away', 'http-525'],
  ['Cloudflare: a bad certificate', 526, '', 'away', 'http-526'],
  ['Anthropic', 529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'away', 'http-529'],
  ['Cloudflare: no tunnel', 530, 'error code: 1033', 'away', 'http-530'],
  ['no status', 0, '', 'failed', 'http-0'],
  ['nonsense', 999, '', 'failed', 'http-999'],
  ['a 202 without a body (NVIDIA)', 202, '', 'failed', 'broken-reply'],
  ['a 204', 204, '', 'failed', 'broken-reply'],

  // Loading, dead and full servers.
  [
    'llama.cpp loads',
    503,
    { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } },
    'away',
    'http-503',
  ],
  [
    'Hugging Face loads',
    503,
    { error: 'Model Qwen/Qwen2-VL is currently loading', estimated_time: 20 },
    'away',
    'http-503',
  ],
  ['Baseten wakes', 500, { error: 'The model is not ready, it is still loading' }, 'away', 'http-500'],
  [
    'vLLM’s engine died',
    500,
    { object: 'error', message: 'EngineDead: Background loop has errored already.' },
    'away',
    'http-500',
  ],
  ['Kubernetes', 503, 'no healthy upstream', 'away', 'http-503'],
  ['SGLang’s router', 503, { error: { message: 'No available workers' } }, 'away', 'http-503'],
  [
    'Gemini is full',
    503,
    [{ error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' } }],
    'overloaded',
    '',
  ],
  [
    'Ollama is full',
    503,
    { error: 'server busy, please try again.  maximum pending requests exceeded' },
    'overloaded',
    '',
  ],
  ['TGI is full', 429, { error: 'Model is overloaded', error_type: 'overloaded' }, 'overloaded', ''],
  ['too many at once', 429, e('Too many concurrent requests'), 'overloaded', ''],
  ['CUDA', 500, { error: { message: 'CUDA out of memory' } }, 'failed', 'http-500'],
  ['Ollama’s runner died', 500, { error: 'llama runner process has terminated: exit status 2' }, 'failed', 'http-500'],

  // One row.
  [
    'Azure’s filter',
    400,
    e("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", {
      code: 'content_filter',
      param: 'prompt',
      status: 400,
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    }),
    'refused',
    'content-filter',
  ],
  [
    'Azure through LiteLLM',
    400,
    {
      error: {
        message: 'litellm.BadRequestError: litellm.ContentPolicyViolationError',
        code: '400',
        provider_specific_fields: { innererror: { code: 'ResponsibleAIPolicyViolation' } },
      },
    },
    'refused',
    'content-filter',
  ],
  [
    'OpenAI’s policy',
    400,
    e('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', { code: 'invalid_prompt' }),
    'refused',
    'content-filter',
  ],
  [
    'DashScope’s filter',
    400,
    e('Input data may contain inappropriate content.', { code: 'data_inspection_failed' }),
    'refused',
    'content-filter',
  ],
  ['DeepSeek’s filter', 400, e('Content Exists Risk'), 'refused', 'content-filter'],
  [
    'Moonshot’s filter',
    400,
    { error: { message: 'The request was rejected because it was considered high risk', type: 'content_filter' } },
    'refused',
    'content-filter',
  ],
  [
    'Zhipu’s filter',
    400,
    { error: { code: '1301', message: '系统检测到输入或生成内容可能包含不安全或敏感内容' } },
    'refused',
    'content-filter',
  ],
  [
    'xAI’s filter',
    403,
    { code: 'The caller does not have permission', error: 'Content violates usage guidelines.' },
    'refused',
    'content-filter',
  ],
  [
    'OpenRouter’s moderation',
    403,
    {
      error: { code: 403, message: 'Your input was flagged', metadata: { reasons: ['violence'], flagged_input: 'x' } },
    },
    'refused',
    'content-filter',
  ],
  [
    'OpenAI’s context',
    400,
    e("This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.", {
      code: 'context_length_exceeded',
      param: 'messages',
    }),
    'refused',
    'context-length',
  ],
  [
    'vLLM’s context',
    400,
    {
      object: 'error',
      message:
        "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion).",
      type: 'BadRequestError',
      code: 400,
    },
    'refused',
    'context-length',
  ],
  [
    'vLLM’s rest of the context',
    400,
    { object: 'error', message: 'max_tokens must be at least 1, got -186.', type: 'BadRequestError', code: 400 },
    'refused',
    'context-length',
  ],
  [
    'vLLM’s context with pictures',
    400,
    { object: 'error', message: 'The decoder prompt (length 9000) is longer than the maximum model length of 8192.' },
    'refused',
    'context-length',
  ],
  [
    'SGLang’s context',
    400,
    { object: 'error', message: "The input (9000 tokens) is longer than the model's context length (8192 tokens)." },
    'refused',
    'context-length',
  ],
  [
    'llama.cpp’s context',
    400,
    {
      error: {
        code: 400,
        message: 'the request exceeds the available context size. try increasing the context size',
        type: 'exceed_context_size_error',
      },
    },
    'refused',
    'context-length',
  ],
  [
    'llama.cpp’s context, as it was',
    500,
    {
      error: {
        code: 500,
        message: 'the request exceeds the available context size.',
        type: 'exceed_context_size_error',
      },
    },
    'refused',
    'context-length',
  ],
  [
    'TGI’s context',
    422,
    {
      error:
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 1024 `max_new_tokens`',
      error_type: 'validation',
    },
    'refused',
    'context-length',
  ],
  ['Anthropic’s context', 400, e('prompt is too long: 210000 tokens > 200000 maximum'), 'refused', 'context-length'],
  [
    'Gemini’s context',
    400,
    [
      {
        error: {
          code: 400,
          message: 'The input token count (1500000) exceeds the maximum number of tokens allowed (1048576).',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    'refused',
    'context-length',
  ],
  [
    'DashScope’s context',
    400,
    e('<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 204800]'),
    'refused',
    'context-length',
  ],
  [
    'Mistral’s context',
    400,
    {
      object: 'error',
      message: 'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      code: '3051',
    },
    'refused',
    'context-length',
  ],
  [
    'Groq’s minute',
    413,
    e(
      'Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
    'refused',
    'http-413',
  ],
  [
    'OpenAI’s minute',
    429,
    e(
      'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389. The input or output tokens must be reduced',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
    'refused',
    'http-429',
  ],
  ['nginx', 413, '<html><head><title>413 Request Entity Too Large</title></head></html>', 'refused', 'http-413'],
  [
    'DashScope’s smallest picture',
    400,
    e(
      '<400> InternalError.Algo.InvalidParameter: The image length and width do not meet the model restrictions. [height:1 or width:1 must be larger than 10]',
    ),
    'refused',
    'image-refused',
  ],
  [
    'Anthropic’s largest picture',
    400,
    e('messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6400000 bytes > 5242880 bytes'),
    'refused',
    'image-refused',
  ],
  [
    'OpenAI’s picture',
    400,
    e('You uploaded an unsupported image. Please make sure your image has of one the following formats', {
      code: 'invalid_image_format',
    }),
    'refused',
    'image-refused',
  ],
  [
    'ModelScope’s picture',
    400,
    { errors: { message: 'input size exceed limit 2048x2048,current input:(1080,2376)' } },
    'refused',
    'image-refused',
  ],
  [
    'PIL behind vLLM',
    500,
    { object: 'error', message: 'cannot identify image file <_io.BytesIO object>' },
    'refused',
    'image-refused',
  ],
  [
    'Qwen’s picture',
    400,
    { object: 'error', message: 'absolute aspect ratio must be smaller than 200, got 250.0' },
    'refused',
    'image-refused',
  ],
  [
    'two pictures',
    400,
    { object: 'error', message: 'At most 1 image(s) may be provided in one request.' },
    'refused',
    'image-refused',
  ],
  ['only "too long"', 400, { error: 'too long' }, 'refused', 'http-400'],
])('%s: HTTP %i %j is %s (%s)', (_, status, body, kind, reason) => {
  expect(said(meaning(status, body))).toMatchObject({ kind, reason })
})

// What ends the step, and what to change in the recipe.
it.each([
  // Fields.
  [
    'o1 and GPT-5',
    400,
    e("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", {
      param: 'max_tokens',
      code: 'unsupported_parameter',
    }),
    'maxTokensField: max_completion_tokens',
  ],
  [
    'a Copilot proxy',
    400,
    {
      error: {
        message:
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        code: 'invalid_request_body',
      },
    },
    'maxTokensField: max_completion_tokens',
  ],
  [
    'Mistral',
    422,
    {
      detail: [
        {
          type: 'extra_forbidden',
          loc: ['body', 'max_completion_tokens'],
          msg: 'Extra inputs are not permitted',
          input: 8192,
        },
      ],
    },
    'maxTokensField: max_tokens',
  ],
  [
    'Mistral',
    422,
    {
      object: 'error',
      message: {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'n'], msg: 'Extra inputs are not permitted', input: 1 }],
      },
      type: 'invalid_request_error',
    },
    'omit: [n]',
  ],
  [
    'Mistral as text',
    422,
    {
      object: 'error',
      message: '{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}',
    },
    'omit: [seed]',
  ],
  [
    'Mistral in a list',
    422,
    {
      object: 'Error',
      message: [{ type: 'extra_forbidden', loc: ['body', 'tools'], msg: 'Extra inputs are not permitted' }],
      code: 3001,
    },
    'take the field "tools" out of `body`',
  ],
  ['OpenAI', 400, e('Unrecognized request argument supplied: seed'), 'omit: [seed]'],
  [
    'OpenAI',
    400,
    e(
      "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
      { param: 'temperature', code: 'unsupported_value' },
    ),
    'body: {temperature: 1}',
  ],
  [
    'Moonshot',
    400,
    { error: { message: 'invalid temperature: only 1 is allowed for this model', type: 'invalid_request_error' } },
    'body: {temperature: 1}',
  ],
  [
    'Kimi',
    400,
    { error: { message: 'invalid temperature: only 0.6 is allowed for this model', type: 'invalid_request_error' } },
    'body: {temperature: 0.6}',
  ],
  [
    'Anthropic thinks',
    400,
    e('`temperature` may only be set to 1 when thinking is enabled.'),
    'body: {temperature: 1}',
  ],
  [
    'Anthropic',
    400,
    e('`temperature` and `top_p` cannot both be specified for this model. Please use only one.'),
    'omit: [top_p]',
  ],
  [
    'Anthropic behind Bedrock',
    400,
    {
      error: {
        message:
          'litellm.BadRequestError: BedrockException - {"message":"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model."}',
      },
    },
    'omit: [top_p]',
  ],
  [
    'LiteLLM',
    400,
    {
      error: {
        message: "litellm.UnsupportedParamsError: openai does not support parameters: ['seed'], for model=o1",
        code: '400',
      },
    },
    'omit: [seed]',
  ],
  [
    'Gemini',
    400,
    [
      {
        error: {
          code: 400,
          message: 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    'omit: [seed]',
  ],
  ['Groq', 400, e("property 'n' is unsupported"), 'omit: [n]'],
  ['Moonshot', 400, e('Invalid "n" value (currently only n = 1 is supported)'), 'omit: [n]'],
  [
    'DashScope',
    400,
    e('<400> InternalError.Algo.InvalidParameter: Range of top_p should be (0.0, 1.0]', {
      code: 'invalid_parameter_error',
    }),
    'omit: [top_p]',
  ],
  [
    'TGI',
    422,
    { error: 'Input validation error: `temperature` must be strictly positive', error_type: 'validation' },
    'omit: [temperature]',
  ],
  [
    'OpenAI',
    400,
    e('max_tokens is too large: 32000. This model supports at most 16384 completion tokens', {
      param: 'max_tokens',
      code: 'invalid_value',
    }),
    'lower `maxTokens`',
  ],
  ['DashScope', 400, e('Range of max_tokens should be [1, 8192]'), 'lower `maxTokens`'],
  [
    'a field of the recipe',
    400,
    e("Unknown parameter: 'chat_template_kwargs'.", { param: 'chat_template_kwargs', code: 'unknown_parameter' }),
    'take the field "chat_template_kwargs" out of `body`',
  ],
  [
    'o1-preview',
    400,
    e(
      "Unsupported value: 'stream' does not support true with this model. Only the default (false) value is supported.",
      { param: 'stream', code: 'unsupported_value' },
    ),
    'stream: never',
  ],
  [
    'Qwen',
    400,
    e('This model only support stream mode, please enable the stream parameter to access the model. ', {
      code: 'invalid_parameter_error',
    }),
    'stream: always',
  ],
  [
    'Qwen thinks',
    400,
    e('parameter.enable_thinking must be set to false for non-streaming calls', { code: 'invalid_parameter_error' }),
    'stream: always',
  ],

  // Money.
  [
    'OpenAI',
    429,
    e('You exceeded your current quota, please check your plan and billing details.', {
      type: 'insufficient_quota',
      code: 'insufficient_quota',
    }),
    'no quota left',
  ],
  ['OpenAI', 400, e('Billing hard limit has been reached', { code: 'billing_hard_limit_reached' }), 'no quota left'],
  [
    'OpenAI',
    429,
    e('Your account is not active, please check your billing details on our website.', {
      type: 'billing_not_active',
      code: 'billing_not_active',
    }),
    'no quota left',
  ],
  ['Anthropic', 400, e('Your credit balance is too low to access the Anthropic API.'), 'no quota left'],
  ['DeepSeek', 402, e('Insufficient Balance'), 'no quota left'],
  [
    'OpenRouter',
    402,
    {
      error: {
        message:
          'This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can only afford 2666.',
        code: 402,
        metadata: { provider_name: null },
      },
    },
    'no quota left',
  ],
  [
    'Hugging Face',
    402,
    { error: 'You have exceeded your monthly included credits for Inference Providers.' },
    'no quota left',
  ],
  [
    'DashScope',
    400,
    e('Access denied, please make sure your account is in good standing.', { code: 'Arrearage' }),
    'no quota left',
  ],
  [
    'DashScope',
    403,
    e('The free tier of the model has been exhausted.', { code: 'AllocationQuota.FreeTierOnly' }),
    'no quota left',
  ],
  [
    'Moonshot',
    429,
    {
      error: {
        message: 'Your account is suspended, please check your plan and billing details',
        type: 'exceeded_current_quota_error',
      },
    },
    'no quota left',
  ],
  [
    'MiniMax',
    429,
    { error: { http_code: '429', message: 'insufficient balance (1008)', type: 'insufficient_balance_error' } },
    'no quota left',
  ],
  [
    'MiniMax',
    500,
    { type: 'error', error: { type: 'api_error', message: 'insufficient balance (1008)' } },
    'no quota left',
  ],
  [
    'xAI',
    403,
    {
      code: 'permission-denied',
      error: 'Your team has either used all available credits or reached its monthly spending limit.',
    },
    'no quota left',
  ],
  ['Zhipu', 429, { error: { code: '1113', message: '您的账户已欠费，请充值后重试。' } }, 'no quota left'],
  [
    'one-api',
    403,
    { error: { message: '用户额度不足', type: 'one_api_error', code: 'insufficient_user_quota' } },
    'no quota left',
  ],
  [
    'LiteLLM',
    400,
    {
      error: {
        message: 'Budget has been exceeded! Current cost: 10.1, Max budget: 10.0',
        type: 'budget_exceeded',
        code: '400',
      },
    },
    'no quota left',
  ],

  // Models and places.
  [
    'OpenAI',
    404,
    e('The model `gpt-9` does not exist or you do not have access to it.', { code: 'model_not_found' }),
    'set `model`',
  ],
  [
    'OpenAI',
    403,
    e('Project `proj_x` does not have access to model `gpt-4o`', { code: 'model_not_found' }),
    'set `model`',
  ],
  [
    'vLLM',
    404,
    { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 },
    'set `model`',
  ],
  [
    'Ollama',
    404,
    { error: { message: 'model "llava" not found, try pulling it first', type: 'api_error' } },
    'set `model`',
  ],
  ['DeepSeek', 400, e('Model Not Exist'), 'set `model`'],
  ['OpenRouter', 400, { error: { message: 'x/y is not a valid model ID', code: 400 } }, 'set `model`'],
  [
    'OpenRouter',
    404,
    { error: { message: 'No endpoints found matching your data policy.', code: 404 } },
    'set `model`',
  ],
  [
    'Groq',
    400,
    e('The model `llama3-70b-8192` has been decommissioned and is no longer supported.', {
      code: 'model_decommissioned',
    }),
    'set `model`',
  ],
  [
    'Gemini',
    404,
    [
      {
        error: {
          code: 404,
          message: 'models/gemini-9 is not found for API version v1main, or is not supported for generateContent.',
          status: 'NOT_FOUND',
        },
      },
    ],
    'set `model`',
  ],
  [
    'LM Studio',
    404,
    {
      error: { message: 'No models loaded. Please load a model in the developer page or use the `lms load` command.' },
    },
    'load the model "gpt-4o"',
  ],
  [
    'Azure',
    404,
    { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } },
    'name of a deployment',
  ],
  ['Azure', 404, { error: { code: '404', message: 'Resource not found' } }, 'provider: azure'],
  ['Azure', 400, { error: { code: 'BadRequest', message: 'API version not supported' } }, 'apiVersion'],
  [
    'Azure',
    400,
    {
      error: {
        code: 'OperationNotSupported',
        message: 'The chatCompletion operation does not work with the specified model, text-embedding-ada-002.',
      },
    },
    'chat completions',
  ],
  ['OpenAI', 404, e('Invalid URL (POST /v1/v1/chat/completions)'), 'check the URL'],
  [
    'OpenAI',
    404,
    e(
      'This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?',
    ),
    'chat completions',
  ],
  [
    'OpenAI',
    404,
    e('This model is only supported in v1/responses and not in v1/chat/completions.'),
    'chat completions',
  ],
  [
    'vLLM',
    400,
    {
      object: 'error',
      message:
        'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.',
    },
    'chat completions',
  ],
  [
    'OpenAI',
    403,
    e('Country, region, or territory not supported', { code: 'unsupported_country_region_territory' }),
    'from a place',
  ],
  [
    'Gemini',
    400,
    [
      {
        error: { code: 400, message: 'User location is not supported for the API use.', status: 'FAILED_PRECONDITION' },
      },
    ],
    'from a place',
  ],
  [
    'nginx',
    400,
    '<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>',
    'https://',
  ],
  ['Go', 400, 'Client sent an HTTP request to an HTTPS server.', 'https://'],
  ['a proxy', 407, '', '`proxy`'],
])('%s: HTTP %i %j ends the step', (_, status, body, step) => {
  const result = said(meaning(status, body))
  expect(result).toMatchObject({ kind: 'fatal', reason: 'EndpointRefused' })
  expect(result.nextStep).toContain(step)
  expect(result.text).toContain('endpoint "teacher" (https://api.example.com/v1, model "gpt-4o") refuses every request')
})

// What other calls must judge, with what to do if it is everyone's.
it.each([
  [
    'OpenAI',
    401,
    e(`Incorrect API key provided: ${key}.`, { code: 'invalid_api_key' }),
    'check the key in TEACHER_KEY',
  ],
  [
    'Gemini',
    400,
    [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } }],
    'check the key',
  ],
  [
    'Azure',
    401,
    { error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' } },
    'provider: azure',
  ],
  ['a firewall', 403, '<!DOCTYPE html><title>Attention Required! | Cloudflare</title>', 'check the URL'],
  ['nginx', 404, html404, 'ends in /v1'],
  ['Go', 404, '404 page not found', 'ends in /v1'],
  ['FastAPI', 404, { detail: 'Not Found' }, 'ends in /v1'],
  ['a page', 405, '<html>405 Not Allowed</html>', 'ends in /v1'],
  [
    'llama.cpp',
    500,
    {
      error: {
        code: 500,
        message: 'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
      },
    },
    'takes pictures',
  ],
  ['vLLM', 400, { object: 'error', message: 'Qwen/Qwen3-8B is not a multimodal model' }, 'takes pictures'],
  [
    'OpenRouter',
    404,
    { error: { message: 'No endpoints found that support image input', code: 404 } },
    'takes pictures',
  ],
  [
    'DeepSeek',
    400,
    e(
      'Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text`',
    ),
    'takes pictures',
  ],
  ['LM Studio', 400, { error: 'Model does not support images. Please use a model that does.' }, 'takes pictures'],
  [
    'one-api',
    503,
    { error: { message: '当前分组 default 下对于模型 gpt-4 无可用渠道', type: 'one_api_error' } },
    'set `model`',
  ],
  ['a seed that is too large', 400, e('Invalid seed: must be less than 2147483647', { param: 'seed' }), 'omit: [seed]'],
  [
    'Mistral, in a message',
    422,
    {
      detail: [
        {
          type: 'extra_forbidden',
          loc: ['body', 'messages', 0, 'user', 'name'],
          msg: 'Extra inputs are not permitted',
        },
      ],
    },
    'recipe',
  ],
  [
    'one-api without words',
    422,
    {
      error: {
        message: ' (request id: 2024040714324820864326815777479)',
        type: 'upstream_error',
        param: '422',
        code: 'bad_response_status_code',
      },
    },
    'recipe',
  ],
])('%s: HTTP %i %j is for other calls to judge', (_, status, body, step) => {
  const result = said(meaning(status, body))
  expect(result).toMatchObject({ kind: 'doubtful', reason: `http-${status}` })
  expect(result.nextStep).toContain(step)
})

it.each([
  [301, { location: 'https://api.example.com/v1/chat/completions' }, 'https://api.example.com/v1'],
  [307, { location: 'https://other.example.com/api/chat/completions?x=1' }, 'https://other.example.com/api'],
  [308, { location: '/v2/chat/completions' }, '/v2'],
  [302, { location: 'https://login.example.com/' }, 'https://login.example.com/'],
  [304, {}, 'check the URL'],
])('a redirect with HTTP %i to %j ends the step, and says where to', (status, headers, step) => {
  const result = said(meaning(status, '', headers))
  expect(result).toMatchObject({ kind: 'fatal' })
  expect(result.nextStep).toContain(step)
})

it.each([
  [
    'vLLM',
    {
      object: 'error',
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 8192 tokens and your request has 20 input tokens (9000 > 8192 - 20).",
    },
    400,
    9000,
  ],
  [
    'Groq',
    e('Request too large for model `llama` on tokens per minute (TPM): Limit 8000, Requested 32979', {
      code: 'rate_limit_exceeded',
    }),
    413,
    32_000,
  ],
])('%s: a limit of the reply that is larger than everything ends the step', (_, body, status, maxTokens) => {
  const changes: Partial<Asked> = { size: { promptTokens: 20, maxTokens } }
  expect(said(meaning(status, body, {}, changes))).toMatchObject({
    kind: 'fatal',
    nextStep: expect.stringContaining('lower `maxTokens`'),
  })
  expect(said(meaning(status, body)).kind).toBe('refused')
})

it('asks for a key in the recipe where the endpoint names none', () => {
  const endpoint = { name: 'teacher', model: 'gpt-4o' }
  expect(said(meaning(401, '', {}, { endpoint })).nextStep).toContain('add apiKeyEnv')
})

it('refusals with other ids and counts have equal words', () => {
  const wordsOf = (id: string, count: number) => {
    const result = meaning(400, e(`something odd with ${count} things (request id: ${id})`))
    return result.kind === 'doubtful' ? result.words : undefined
  }
  expect(wordsOf('7ed765de-de61-9a89', 3)).toBe(wordsOf('2d8ec079-7ec1-956c', 12))
  expect(wordsOf('7ed765de', 3)).toContain('something odd')
})

it.each([
  [true, 400, e('This model only support stream mode, please enable the stream parameter to access the model. ')],
  [true, 400, e('parameter.enable_thinking must be set to false for non-streaming calls')],
  [true, 400, e('enable thinking can not be support when `stream=False`.')],
  [true, 400, e('Stream must be set to true')],
  [true, 400, e('Non-streaming requests are not supported')],
  [true, 200, { error: { message: 'This model only supports streaming' } }],
  [false, 400, e("Unsupported value: 'stream' does not support true with this model.")],
  [false, 400, e('too long')],
  [false, 200, { choices: [{ message: { content: 'only supports streaming' }, finish_reason: 'stop' }] }],
  [false, 302, 'only supports streaming'],
])('demands a stream: %s for HTTP %i %j', (expected, status, body) => {
  expect(demandsStream(answer(status, body))).toBe(expected)
})

it('quotes the message of a nested error, and no ids of its gateway', () => {
  const raw = '{"error":{"message":"upstream says no","code":"odd_code"}}'
  const body = { error: { message: 'Provider returned error', code: 400, metadata: { raw, provider_name: 'BaseTen' } } }
  expect(said(meaning(400, body)).text).toContain('HTTP 400: Provider returned error: upstream says no (odd_code)')
})

it('shows no key, wherever the server repeats it', () => {
  const bodies = [key, e(`Incorrect API key: ${key}`), { error: { code: key, message: 'no' } }, `<html>${key}`, [key]]
  for (const status of [200, 301, 400, 401, 403, 404, 429, 500, 503])
    for (const body of bodies) {
      const result = said(meaning(status, body, { location: `https://x.example.com/?key=${key}` }))
      expect(JSON.stringify(result)).not.toContain(key)
    }
  expect(asked().secrets).toEqual([key])
})

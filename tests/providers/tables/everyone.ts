import { error, json, text, vllmError } from '../answers.ts'
import type { Answer } from '../answers.ts'
import { ends } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const pydantic = (field: string): Answer =>
  json(422, {
    detail: [{ type: 'extra_forbidden', loc: ['body', field], msg: 'Extra inputs are not permitted', input: 1 }],
  })

/** What every row would meet: the step ends early with the server's words. */
export const everyone: readonly Behaviour[] = [
  // Fields that the model refuses.
  ends(
    'OpenAI: max_tokens is not supported',
    [
      error(
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        { param: 'max_tokens', code: 'unsupported_parameter' },
      ),
    ],
    /max_completion_tokens/,
    { source: 'openai/openai-python#2046' },
  ),
  ends(
    'copilot-api: the same words with another code',
    [
      error(
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        { code: 'invalid_request_body' },
      ),
    ],
    /max_tokens/,
    { source: 'caozhiyuan/copilot-api#164' },
  ),
  ends(
    'OpenAI: temperature must be 1',
    [
      error(
        400,
        "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
        { param: 'temperature', code: 'unsupported_value' },
      ),
    ],
    /temperature/,
  ),
  ends(
    'OpenAI: top_p is not supported',
    [
      error(400, "Unsupported parameter: 'top_p' is not supported with this model.", {
        param: 'top_p',
        code: 'unsupported_parameter',
      }),
    ],
    /top_p/,
  ),
  ends(
    'Anthropic: temperature and top_p together',
    [
      json(400, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
        },
      }),
    ],
    /cannot both be specified/,
    { source: 'anomalyco/opencode#28930' },
  ),
  ends(
    'LiteLLM over Bedrock: temperature and top_p together',
    [
      error(
        400,
        'litellm.BadRequestError: BedrockException - {"message":"The model returned the following errors: `temperature` and `top_p` cannot both be specified for this model. Please use only one."}',
        { type: null, code: '400' },
      ),
    ],
    /cannot both/,
    { source: 'skydiscover-ai/skydiscover#15' },
  ),
  ends('Mistral: seed is forbidden', [pydantic('seed')], /seed/, { source: 'mistralai/platform-docs-public#7' }),
  ends('Mistral: max_completion_tokens is forbidden', [pydantic('max_completion_tokens')], /max_completion_tokens/, {
    source: 'Gitlawb/openclaude#739',
  }),
  ends(
    'Mistral behind a proxy: the refusal as a text',
    [
      json(422, {
        object: 'error',
        message:
          '{"detail":[{"type":"extra_forbidden","loc":["body","n"],"msg":"Extra inputs are not permitted","input":1}]}',
        type: 'internal_error_proxy',
        param: null,
        code: '1000',
      }),
    ],
    /Extra inputs/,
    { source: 'mistralai/platform-docs-public#7' },
  ),
  ends('Groq: n must be 1', [error(400, "'n' : number must be at most 1", { param: 'n' })], /'n'/),
  ends(
    'DeepSeek: the range of max_tokens',
    [error(400, 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]')],
    /valid range of max_tokens/,
  ),
  ends(
    'Anthropic: max_tokens above the limit',
    [
      json(400, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens',
        },
      }),
    ],
    /maximum allowed number of output tokens/,
  ),
  ends(
    'Zhipu: temperature 0 is refused',
    [json(400, { error: { code: '1214', message: 'temperature 参数非法' } })],
    /temperature/,
  ),
  ends(
    'Moonshot: only temperature 1',
    [error(400, 'invalid temperature: only 1 is allowed for this model')],
    /only 1 is allowed/,
  ),
  ends(
    'OpenRouter: reasoning is mandatory',
    [error(400, 'Reasoning is mandatory for this endpoint and cannot be disabled.', { code: 400 })],
    /Reasoning is mandatory/,
    { source: 'earendil-works/pi#4316' },
  ),
  ends(
    'a model without eyes: content must be a string',
    [
      error(400, "Invalid type for 'messages[0].content': expected a string, but got an array instead.", {
        param: 'messages[0].content',
        code: 'invalid_type',
      }),
    ],
    /expected a string/,
  ),
  ends('vLLM: not a multimodal model', [vllmError(400, 'mock is not a multimodal model')], /not a multimodal model/),
  ends(
    'OpenRouter: no endpoints that support image input',
    [json(404, { error: { message: 'No endpoints found that support image input', code: 404 } })],
    /image input/,
  ),
  ends('an unclear 400 for everyone', [error(400, 'Bad request')], /Bad request/),
  ends('an unclear 422 for everyone', [text(422, 'Unprocessable Entity')], /Unprocessable/),
  ends('a 400 without a body for everyone', [{ status: 400 }], /400/),
  ends(
    'a 400 that differs by its request id',
    [({ row, call }) => error(400, `Bad request (request id: req_${row}_${call}aa93be1)`)],
    /Bad request/,
  ),
  // The model and its place.
  ends(
    'OpenAI: model_not_found',
    [error(404, 'The model `mock` does not exist or you do not have access to it.', { code: 'model_not_found' })],
    /does not exist/,
  ),
  ends(
    'vLLM: the model does not exist',
    [vllmError(404, 'The model `mock` does not exist.', 'NotFoundError')],
    /does not exist/,
  ),
  ends(
    'Ollama: try pulling it first',
    [error(404, 'model "mock" not found, try pulling it first', { type: 'api_error' })],
    /pulling/,
  ),
  ends(
    'Groq: decommissioned',
    [
      error(400, 'The model `mock` has been decommissioned and is no longer supported.', {
        code: 'model_decommissioned',
      }),
    ],
    /decommissioned/,
  ),
  ends(
    'Together: unable to access a non-serverless model',
    [
      error(400, 'Unable to access non-serverless model mock. Please visit the dedicated endpoint page', {
        code: 'model_not_available',
      }),
    ],
    /non-serverless/,
  ),
  ends('DeepSeek: Model Not Exist', [error(400, 'Model Not Exist')], /Model Not Exist/),
  ends(
    'OpenRouter: not a valid model ID',
    [json(400, { error: { message: 'mock is not a valid model ID', code: 400 } })],
    /not a valid model ID/,
  ),
  ends(
    'Azure: DeploymentNotFound',
    [
      json(404, {
        error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
      }),
    ],
    /deployment/i,
  ),
  ends(
    'Azure: unsupported API version',
    [json(404, { error: { code: '404', message: 'Resource not found' } })],
    /Resource not found/,
  ),
  ends(
    'LM Studio: no models loaded',
    [
      json(404, {
        error: {
          message: 'No models loaded. Please load a model in the developer page or use the `lms load` command.',
          type: 'invalid_request_error',
          code: 'model_not_found',
        },
      }),
    ],
    /No models loaded/,
  ),
  ends('a URL without /v1: FastAPI', [json(404, { detail: 'Not Found' })], /Not Found/),
  ends('a URL without /v1: Go', [text(404, '404 page not found')], /404/),
  ends('405', [json(405, { detail: 'Method Not Allowed' })], /Method Not Allowed|405/),
  ends('410: the model is retired', [error(410, 'This model is no longer available')], /no longer available/),
  ends(
    'a responses-only model',
    [
      error(404, 'This is not a chat model and thus not supported in the v1/chat/completions endpoint.', {
        param: 'model',
      }),
    ],
    /not a chat model/,
  ),
]

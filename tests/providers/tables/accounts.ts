import { error, hi, html, json, text } from '../answers.ts'
import type { Answer } from '../answers.ts'
import { ends } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const moved = (status: number, location: string): Answer => ({ status, headers: { location }, body: [''] })
/** Keys, money and addresses: wrong for every row, so the step ends early. */
export const accounts: readonly Behaviour[] = [
  // Access.
  ends(
    'OpenAI: a wrong key',
    [
      error(401, 'Incorrect API key provided: sk-1***. You can find your API key at the dashboard.', {
        code: 'invalid_api_key',
      }),
    ],
    /Incorrect API key/,
  ),
  ends('a key is missing', [error(401, "You didn't provide an API key.")], /provide an API key/),
  ends(
    'Azure: access denied',
    [
      json(401, {
        statusCode: 401,
        message: 'Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.',
      }),
    ],
    /Unauthorized/,
  ),
  ends(
    'Gemini: API key not valid as a 400',
    [
      json(400, [
        {
          error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' },
        },
      ]),
    ],
    /API key not valid/,
  ),
  ends(
    'OpenAI: a country that is not served',
    [
      error(403, 'Country, region, or territory not supported', {
        code: 'unsupported_country_region_territory',
        type: 'request_forbidden',
      }),
    ],
    /not supported/,
  ),
  ends('a 403 for everyone', [json(403, { message: 'Forbidden' })], /Forbidden/),
  ends(
    'an organization that must be verified',
    [
      error(400, 'Your organization must be verified to use this model.', {
        code: 'unsupported_value',
        param: 'model',
      }),
    ],
    /must be verified/,
  ),
  ends('a proxy that wants a password', [text(407, 'Proxy Authentication Required')], /407|Proxy/),
  // Money.
  ends(
    'OpenAI: insufficient_quota as a 429',
    [
      error(429, 'You exceeded your current quota, please check your plan and billing details.', {
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      }),
    ],
    /exceeded your current quota/,
    { source: 'langchain-ai/langchainjs#1929' },
  ),
  ends(
    'OpenAI: billing hard limit',
    [
      error(400, 'Billing hard limit has been reached', {
        type: 'invalid_request_error',
        code: 'billing_hard_limit_reached',
      }),
    ],
    /Billing hard limit/,
    { source: 'bajrangCoder/acode-plugin-chatgpt#19' },
  ),
  ends('DeepSeek: 402', [error(402, 'Insufficient Balance', { type: 'unknown_error' })], /Insufficient Balance/, {
    source: 'continuedev/continue#10488',
  }),
  ends(
    'OpenRouter: 402',
    [
      json(402, {
        error: { message: 'Insufficient credits. Add more using https://openrouter.ai/credits', code: 402 },
      }),
    ],
    /Insufficient credits/,
  ),
  ends(
    'Anthropic: credit balance as a 400',
    [
      json(400, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'Your credit balance is too low to access the Anthropic API.',
        },
      }),
    ],
    /credit balance is too low/,
  ),
  ends(
    'DashScope: Arrearage',
    [error(400, 'Access denied, please make sure your account is in good standing.', { code: 'Arrearage' })],
    /good standing/,
  ),
  ends(
    'Moonshot: exceeded_current_quota_error',
    [
      error(429, 'Your account is suspended, please check your plan and billing details', {
        type: 'exceeded_current_quota_error',
      }),
    ],
    /suspended/,
  ),
  ends(
    'Hugging Face: monthly credits',
    [json(402, { error: 'You have exceeded your monthly included credits for Inference Providers.' })],
    /monthly included credits/,
  ),
  ends(
    'a LiteLLM budget',
    [
      error(400, 'ExceededBudget: Budget has been exceeded! Current cost: 10.1, Max budget: 10.0', {
        type: 'budget_exceeded',
      }),
    ],
    /Budget has been exceeded/i,
  ),
  // Addresses.
  ends('301 to https', [moved(301, 'https://example.com/v1/chat/completions')], /301|redirect|example\.com/),
  ends('302 to a login', [moved(302, 'https://login.example.com/')], /302|redirect|login/),
  ends('307 elsewhere', [moved(307, '/elsewhere')], /307|redirect|elsewhere/),
  ends('308 elsewhere', [moved(308, '/v1/chat/completions/')], /308|redirect/),
  ends('a page with 200', [html(200, 'Welcome to nginx!')], /nginx|HTML|page/),
  ends('a page with 404', [html(404, '404 Not Found')], /404/),
  ends('an ngrok warning page with 200', [html(200, 'ngrok: You are about to visit')], /ngrok|HTML|page/),
  ends('HTTPS to a port that speaks HTTP', [hi], /TLS|SSL|https|wrong version|EPROTO/i, {
    url: (mock) => mock.replace('http:', 'https:'),
    calls: 0,
  }),
]

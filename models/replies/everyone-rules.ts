import type { AskedOf } from './answer.ts'
import type { ServerWords } from './server-words.ts'

/** Words of a refusal that is every row's. */
interface EveryoneRule {
  words: RegExp
  /** Whether one such answer is enough. Without certainty other calls must tell. */
  isCertain: boolean
  nextStep: (asked: AskedOf) => string
}

const money = new RegExp(
  [
    'insufficient_quota|billing_hard_limit|billing_not_active|billing hard limit|account_deactivated|credit balance is too low',
    'insufficient (account )?(balance|credits|funds)|insufficient_(user_)?(quota|balance|credits|funds)|not enough credits',
    'requires more credits|run out of credits|out of credits|used all available credits|exceeded your (monthly )?included credits',
    'exceeded your monthly|monthly (spending|included)|spending limit|spend limit|budget has been exceeded|exceededbudget|budget_exceeded',
    'arrearage|account is in good standing|accountoverdue|overdue payment|allocationquota\\.freetieronly|free tier of the model has been exhausted',
    'balance is (insufficient|not enough)|reached the set inference limit|reached your specified api usage limits',
    'exceeded_current_quota|payment required|quota_not_enough|pre_consume_token_quota_failed|token quota is not enough',
    '余额不足|欠费|额度不足|额度已用尽|请充值',
  ].join('|'),
)

/** Whether the account behind the key has no money or quota left. */
export const saysNoMoney = ({ all }: Pick<ServerWords, 'all'>): boolean => money.test(all)

/** What to do when there is no money left. */
export const moneyStep = ({ endpoint }: AskedOf): string =>
  `the account has no quota left: raise it, or name another endpoint than "${endpoint.name}" in the recipe`

const inRecipe = ({ endpoint }: AskedOf): string => `at the endpoint "${endpoint.name}" in the recipe`

/** Where access comes from: the key's variable, or what to add to the recipe. */
export const accessStep = ({ endpoint: { apiKeyEnv } }: AskedOf): string =>
  apiKeyEnv
    ? `check the key in ${apiKeyEnv} and what it may use`
    : 'add apiKeyEnv (or apiKeyFile, apiKeyCommand) to the endpoint in the recipe'

/** What to do about a URL or a model that the server does not know. */
export const placeStep = ({ endpoint, baseUrl }: AskedOf): string =>
  `check that the URL ends in /v1 and that the server knows the model "${endpoint.model}" (GET ${baseUrl}/models lists them)`

const modelStep = (asked: AskedOf): string =>
  `set \`model\` ${inRecipe(asked)} to a model that the server offers (GET ${asked.baseUrl}/models lists them)`
const otherModelStep = (asked: AskedOf): string => `name another model or server ${inRecipe(asked)}`

// Searched in small letters. The first rule that fits counts.
const rules: readonly EveryoneRule[] = [
  {
    words: /http request (was sent )?to (an )?https/,
    isCertain: true,
    nextStep: (asked) => `begin the URL with https:// ${inRecipe(asked)}`,
  },
  {
    words: /deploymentnotfound|deployment for this resource does not exist/,
    isCertain: true,
    nextStep: (asked) =>
      `set \`model\` ${inRecipe(asked)} to the name of a deployment of this Azure resource, and check its URL`,
  },
  {
    words:
      /unsupported ?api ?version|api version (is )?not supported|api-version|invalid url \(post|unexpected endpoint or method|unknown request url|"code": ?"404", ?"message": ?"resource not found"/,
    isCertain: true,
    nextStep: (asked) =>
      `check the URL ${asked.baseUrl}, and \`provider: azure\` with \`apiVersion\` for a server of Azure, ${inRecipe(asked)}`,
  },
  {
    words:
      /not a chat model|v1\/responses|only supported in|chatcompletion operation does not work|does not support chat|chat template is no longer allowed|must provide a chat template|no chat template/,
    isCertain: true,
    nextStep: (asked) => `name a model that answers chat completions ${inRecipe(asked)}`,
  },
  {
    words:
      /no endpoints found that support image|not a multimodal model|(not|n't) support (image|vision|multimodal|multi-modal)|(image|multimodal|vision) (input|content|data)?s?.{0,20}(is|are)? ?not supported|at most 0 image|unknown variant .image_url|mmproj|does not have vision/,
    isCertain: false,
    nextStep: (asked) => `name a model that takes pictures ${inRecipe(asked)}`,
  },
  {
    words: /(organization|account) (has been|is) (disabled|suspended|deactivated)/,
    isCertain: true,
    nextStep: accessStep,
  },
  {
    words: /requires more system memory/,
    isCertain: false,
    nextStep: (asked) => `free memory at the server, or name a smaller model ${inRecipe(asked)}`,
  },
  {
    words: /no models? (is |are )?loaded/,
    isCertain: true,
    nextStep: (asked) => `load the model "${asked.endpoint.model}" at the server`,
  },
  {
    words:
      /model_not_found|model_not_available|model_decommissioned|no such model|unknown model|not a valid model|invalid model|model not exist|no endpoints found|model_not_supported|unsupported model|modelnotfound|model not found|model_not_exist|unknown_model|unavailable.model|modelnotopen|model identifier is invalid/,
    isCertain: true,
    nextStep: modelStep,
  },
  {
    words:
      /\bmodels?\b[^\n]{0,120}?(does not exist|doesn't exist|not found|is not found|has been (deprecated|decommissioned|retired|shut)|no longer (available|supported)|is deprecated|end of life|do(es)? not have access)/,
    isCertain: true,
    nextStep: modelStep,
  },
  { words: /does not have access to model|must be verified to use/, isCertain: true, nextStep: otherModelStep },
  {
    words: /no available channel|无可用渠道|\bmodel\b[^\n]{0,80}?not (supported|available)/,
    isCertain: false,
    nextStep: modelStep,
  },
  {
    words: /unsupported_country|country, region, or territory|location is not supported/,
    isCertain: true,
    nextStep: () => 'reach the provider from a place that it serves, or name another provider in the recipe',
  },
  {
    words:
      /api.?key.{0,20}(not valid|invalid|incorrect|missing|required|expired)|(invalid|incorrect|missing|no|expired).{0,20}(api.?key|authorization|bearer)/,
    isCertain: false,
    nextStep: accessStep,
  },
]

/** The rule for words that are known to be every row's; undefined for all others. */
export const everyoneRule = ({ all }: ServerWords): EveryoneRule | undefined =>
  rules.find(({ words }) => words.test(all))

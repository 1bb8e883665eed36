import type { CallOptions } from './call-options.ts'
import type { ProviderName } from './provider-names.ts'

/** Options of an endpoint that a preset may set. The recipe's own value replaces the preset's. */
export type PresetOptions = Pick<
  CallOptions,
  'omit' | 'maxTokensField' | 'stream' | 'imageMaxBytes' | 'imageFormats' | 'imageMinSide'
>

/** What a provider is known to want. */
interface Preset extends PresetOptions {
  /** Where the provider, or a local server by default, is reached. Absent: the recipe names it. */
  url?: string
  /** Variable that holds the key by custom. */
  apiKeyEnv?: string
  /** Limits of the batch API in OpenAI's form. Absent: the provider has no such API. */
  batch?: { maxRequests: number; maxBytes: number }
  /** Options of the models whose names match. */
  byModel?: readonly ModelPreset[]
}

interface ModelPreset {
  models: RegExp
  options: PresetOptions
}

const mb = 1_000_000

/**
 * Models of OpenAI that think before they answer refuse every temperature and top_p but 1:
 * "Unsupported value: 'temperature' does not support 0.5 with this model"
 * (github.com/diffbot/code-gpt-docs/issues/445, nextlevelbuilder/goclaw/issues/211).
 */
const thinkingModels = {
  models: /^(o\d|gpt-5(?!.*chat))/,
  options: { omit: ['temperature', 'top_p'] },
} satisfies ModelPreset

/**
 * Servers that run Qwen2-VL and Qwen2.5-VL by the model's own processor fail on a picture with a
 * side of less than a patch of 28 pixels: "height:27 or width:257 must be larger than factor:28"
 * (github.com/ollama/ollama/issues/11297, vllm-project/vllm/issues/15080 and 21109).
 */
const smallPictures = { models: /qwen-?2(\.5)?-?vl/i, options: { imageMinSide: 28 } } satisfies ModelPreset

/**
 * Providers by name. Only what a provider refuses is changed: a field that a provider ignores is
 * sent, because another omission would be another request.
 *
 * Pictures are never larger than `imageMaxPixels` (1 megapixel where absent) and are sent as JPEG
 * or PNG, so limits of 8,000 pixels, 33 megapixels or 20 MB, and lists of formats that have both,
 * need no entry here. LM Studio and llama.cpp refuse WebP
 * (github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1839, cline/cline/issues/8977).
 */
const presets: Readonly<Record<ProviderName, Preset>> = {
  openai: {
    url: 'https://api.openai.com/v1',
    apiKeyEnv: 'OPENAI_API_KEY',
    // "Unsupported parameter: 'max_tokens' is not supported with this model. Use
    // 'max_completion_tokens' instead." Older models take both names
    // (github.com/pickle-com/glass/pull/227).
    maxTokensField: 'max_completion_tokens',
    byModel: [thinkingModels],
    // platform.openai.com/docs/api-reference/batch/create
    batch: { maxRequests: 50_000, maxBytes: 200 * mb },
  },
  azure: {
    apiKeyEnv: 'AZURE_OPENAI_API_KEY',
    // As for OpenAI, from API version 2024-09-01-preview on.
    maxTokensField: 'max_completion_tokens',
    byModel: [thinkingModels],
    // learn.microsoft.com/azure/ai-foundry/openai/how-to/batch
    batch: { maxRequests: 100_000, maxBytes: 200 * mb },
  },
  anthropic: {
    url: 'https://api.anthropic.com/v1',
    apiKeyEnv: 'ANTHROPIC_API_KEY',
    // "`temperature` and `top_p` cannot both be specified for this model" since Claude Opus 4.1
    // (github.com/SalesforceAIResearch/MCP-Universe/issues/49). Seeds are ignored
    // (docs.anthropic.com/en/api/openai-sdk). Its batch API has another form than OpenAI's.
    omit: ['top_p'],
    // "image exceeds 5 MB maximum: 8259148 bytes > 5242880 bytes", counted in base64
    // (github.com/anthropics/claude-code/issues/19631): 3.93 MB before it.
    imageMaxBytes: 3_900_000,
  },
  gemini: {
    url: 'https://generativelanguage.googleapis.com/v1beta/openai',
    apiKeyEnv: 'GEMINI_API_KEY',
    // "Unknown name \"seed\": Cannot find field." (github.com/Vali-98/ChatterUI/issues/227)
    omit: ['seed'],
    // ai.google.dev/gemini-api/docs/openai#batch. A file may have 2 GB there; smaller batches end
    // sooner.
    batch: { maxRequests: 50_000, maxBytes: 1000 * mb },
  },
  mistral: {
    url: 'https://api.mistral.ai/v1',
    apiKeyEnv: 'MISTRAL_API_KEY',
    // The seed is called random_seed there, and an unknown field is refused: "Extra inputs are not
    // permitted" (github.com/Vali-98/ChatterUI/issues/143). So are stream_options
    // (github.com/posit-dev/chatlas/pull/145).
    omit: ['seed', 'stream_options'],
    // docs.mistral.ai/capabilities/vision: 10 MB a picture.
    imageMaxBytes: 10 * mb,
  },
  deepseek: {
    url: 'https://api.deepseek.com/v1',
    apiKeyEnv: 'DEEPSEEK_API_KEY',
    // Thinking models ignore temperature and top_p (api-docs.deepseek.com/guides/reasoning_model).
  },
  dashscope: {
    // Singapore. A key of mainland China needs https://dashscope.aliyuncs.com/compatible-mode/v1.
    url: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    apiKeyEnv: 'DASHSCOPE_API_KEY',
    // "The image length and width do not meet the model restrictions. [height:1 or width:1 must be
    // larger than 10]" (github.com/QwenLM/qwen-code/issues/2505).
    imageMinSide: 11,
    // 10 MB a picture, counted in base64 (help.aliyun.com/zh/model-studio/vision).
    imageMaxBytes: 7_500_000,
    byModel: [
      {
        // "This model only support stream mode" (github.com/infiniflow/ragflow/issues/5912), and
        // "enable_thinking must be set to false for non-streaming calls" of the open Qwen3 models
        // (github.com/browser-use/web-ui/issues/659).
        models: /^(qwq|qvq)|omni|^qwen3-(?!max|vl-plus|vl-flash|coder)/i,
        options: { stream: 'always' },
      },
    ],
    // help.aliyun.com/zh/model-studio/batch-interfaces-compatible-with-openai
    batch: { maxRequests: 50_000, maxBytes: 500 * mb },
  },
  openrouter: {
    url: 'https://openrouter.ai/api/v1',
    apiKeyEnv: 'OPENROUTER_API_KEY',
    // `usage: { include: true }` was needed once and "has no effect" now
    // (openrouter.ai/docs/use-cases/usage-accounting). HTTP-Referer and X-Title are optional.
  },
  together: {
    url: 'https://api.together.xyz/v1',
    apiKeyEnv: 'TOGETHER_API_KEY',
    // docs.together.ai/docs/batch-inference
    batch: { maxRequests: 50_000, maxBytes: 100 * mb },
  },
  groq: {
    url: 'https://api.groq.com/openai/v1',
    apiKeyEnv: 'GROQ_API_KEY',
    // A request with pictures in base64 may have 4 MB (console.groq.com/docs/vision).
    imageMaxBytes: 2_800_000,
    // console.groq.com/docs/batch
    batch: { maxRequests: 50_000, maxBytes: 200 * mb },
  },
  vllm: { url: 'http://localhost:8000/v1', byModel: [smallPictures] },
  sglang: { url: 'http://localhost:30000/v1', byModel: [smallPictures] },
  ollama: { url: 'http://localhost:11434/v1', byModel: [smallPictures] },
  lmstudio: { url: 'http://localhost:1234/v1' },
  llamacpp: { url: 'http://localhost:8080/v1' },
}

/** The preset of a provider; an empty one where no provider is named. */
export const presetOf = (provider: ProviderName | undefined): Preset =>
  provider === undefined ? {} : presets[provider]

/** The options that a preset sets for a model. */
export function presetOptions(provider: ProviderName | undefined, model: string): PresetOptions {
  const { url: _url, apiKeyEnv: _key, batch: _batch, byModel = [], ...general } = presetOf(provider)
  const own = byModel.filter(({ models }) => models.test(model))
  return own.reduce<PresetOptions>((options, { options: more }) => ({ ...options, ...more }), general)
}

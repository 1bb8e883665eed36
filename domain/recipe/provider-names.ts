/** Names of all presets, in the order of the documentation. */
export const providerNames = [
  'openai',
  'azure',
  'anthropic',
  'gemini',
  'mistral',
  'deepseek',
  'dashscope',
  'openrouter',
  'together',
  'groq',
  'vllm',
  'sglang',
  'ollama',
  'lmstudio',
  'llamacpp',
] as const
export type ProviderName = (typeof providerNames)[number]

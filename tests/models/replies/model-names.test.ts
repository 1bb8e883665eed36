import { expect, it } from 'vitest'
import { isOtherModel } from '../../../models/replies/model-names.ts'

it.each([
  ['gpt-4o', 'gpt-4o'],
  ['gpt-4o', 'GPT-4o'],
  ['gpt-4o', 'gpt-4o-2024-08-06'],
  ['gpt-4o-2024-08-06', 'gpt-4o'],
  ['openai/gpt-4o', 'gpt-4o-2024-08-06'],
  ['gemini-2.0-flash', 'models/gemini-2.0-flash-001'],
  ['gemini-2.5-pro', 'gemini-2.5-pro-preview-05-06'],
  ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet-20241022'],
  ['claude-3-5-sonnet', 'claude-3-5-sonnet@20240620'],
  ['claude-3-5-sonnet', 'us.anthropic.claude-3-5-sonnet-20241022-v2:0'],
  ['mistral-large-latest', 'mistral-large-2411'],
  ['command-r', 'command-r-08-2024'],
  ['gpt-4', 'gpt-4-0613'],
  ['meta-llama/llama-3.3-70b-instruct:free', 'meta-llama/llama-3.3-70b-instruct'],
  ['Qwen/Qwen2.5-VL-3B-Instruct', '/data/models/Qwen2.5-VL-3B-Instruct/'],
  ['Qwen/Qwen2.5-VL-3B-Instruct', '/cache/models--Qwen--Qwen2.5-VL-3B-Instruct/snapshots/66285546d2b8'],
  ['qwen2.5-vl-3b', 'C:\\models\\Qwen2.5-VL-3B.gguf'],
  ['accounts/fireworks/models/llama-v3p1-8b-instruct', 'llama-v3p1-8b-instruct'],
  ['llava', 'llava:latest'],
  ['qwen2.5vl', 'qwen2.5vl:7b'],
  ['base:adapter', 'base'],
  ['gpt-4o', ''],
  ['gpt-4o', null],
])('%j is answered by %j', (asked, served) => {
  expect(isOtherModel(asked, served)).toBe(false)
})

it.each([
  ['gpt-4o', 'gpt-4o-mini'],
  ['gpt-4o', 'gpt-4o-mini-2024-07-18'],
  ['gpt-4o', 'gpt-3.5-turbo'],
  ['gpt-4o-2024-05-13', 'gpt-4o-2024-08-06'],
  ['gemini-1.5-pro-001', 'gemini-1.5-pro-002'],
  ['claude-3-5-sonnet-20240620', 'claude-3-5-sonnet-20241022'],
  ['Qwen/Qwen2.5-VL-7B-Instruct', 'Qwen/Qwen2.5-VL-3B-Instruct'],
  ['Qwen/Qwen2.5-VL-7B-Instruct', 'Qwen/Qwen2.5-VL-7B-Instruct-AWQ'],
  ['qwen2.5vl:3b', 'qwen2.5vl:7b'],
  ['deepseek-reasoner', 'deepseek-chat'],
])('%j is not answered by %j', (asked, served) => {
  expect(isOtherModel(asked, served)).toBe(true)
})

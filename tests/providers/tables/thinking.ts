import { chunk, done, message, said, stream, usageChunk } from '../answers.ts'
import { whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const both = '<think>\nHm\n</think>\n\nHi'
const streams = { endpoint: { stream: 'always' as const } }

/** Thinking in all its forms comes out once, in one form. */
export const thinking: readonly Behaviour[] = [
  whole('DeepSeek, old vLLM, SGLang: reasoning_content', [message({ content: 'Hi', reasoning_content: 'Hm' })], both, {
    source: 'stanford-crfm/helm#3632',
  }),
  whole('OpenRouter, new vLLM: reasoning', [message({ content: 'Hi', reasoning: 'Hm' })], both, {
    source: 'vllm-project/vllm#27755',
  }),
  whole('Ollama: thinking', [message({ content: 'Hi', thinking: 'Hm' })], both, { source: 'docs.ollama.com' }),
  whole('both fields with one thought', [message({ content: 'Hi', reasoning: 'Hm', reasoning_content: 'Hm' })], both, {
    source: 'vllm-project/vllm#27755',
  }),
  whole(
    'OpenRouter: reasoning_details alone',
    [message({ content: 'Hi', reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] })],
    both,
    { source: 'aixplain/aiXplain#1012' },
  ),
  whole(
    'OpenRouter: reasoning beside reasoning_details',
    [message({ content: 'Hi', reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }] })],
    both,
    { source: 'AnswerDotAI/fastllm#61' },
  ),
  whole(
    'OpenRouter: a summary',
    [message({ content: 'Hi', reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm' }] })],
    both,
    { source: 'davidmigloz/langchain_dart#793' },
  ),
  whole(
    'OpenRouter: encrypted thoughts are passed over',
    [message({ content: 'Hi', reasoning_details: [{ type: 'reasoning.encrypted', data: 'eyJ' }] })],
    'Hi',
    { source: 'aixplain/aiXplain#1012' },
  ),
  whole(
    'Mistral: a part of thinking',
    [
      said([
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
        { type: 'text', text: 'Hi' },
      ]),
    ],
    both,
    { source: 'NousResearch/hermes-agent#4748' },
  ),
  whole(
    'Anthropic gateways: a part of thinking as a text',
    [
      said([
        { type: 'thinking', thinking: 'Hm' },
        { type: 'text', text: 'Hi' },
      ]),
    ],
    both,
    { source: 'docs.claude.com' },
  ),
  whole(
    'LiteLLM: thinking_blocks beside reasoning_content',
    [
      message({
        content: 'Hi',
        reasoning_content: 'Hm',
        thinking_blocks: [{ type: 'thinking', thinking: 'Hm', signature: 'x' }],
      }),
    ],
    both,
    { source: 'docs.litellm.ai' },
  ),
  whole('tags in the text', [said('<think>\nHm\n</think>\n\nHi')], both),
  whole('tags without line breaks', [said('<think>Hm</think>Hi')], both),
  whole('a template that opened the tag itself', [said('Hm\n</think>\n\nHi')], both, {
    source: 'DeepSeek-R1 chat template',
  }),
  // Marks of other families stay as they are: the verifier knows them.
  whole('Magistral: [THINK] tags', [said('[THINK]Hm[/THINK]Hi')], '[THINK]Hm[/THINK]Hi', {
    source: 'mistralai/Magistral-Small-2507 model card',
  }),
  whole(
    'tags and a field with one thought',
    [message({ content: '<think>\nHm\n</think>\n\nHi', reasoning_content: 'Hm' })],
    both,
  ),
  whole('empty tags of a model that does not think', [said('<think>\n\n</think>\n\nHi')], /Hi$/, {
    source: 'Qwen3 with enable_thinking: false',
  }),
  whole('an empty field', [message({ content: 'Hi', reasoning_content: '' })], 'Hi'),
  whole(
    'null in all fields',
    [message({ content: 'Hi', reasoning: null, reasoning_content: null, reasoning_details: null })],
    'Hi',
  ),
  whole(
    'a stream of reasoning_content',
    [
      stream(
        chunk({ reasoning_content: 'H' }),
        chunk({ reasoning_content: 'm' }),
        chunk({ content: 'Hi' }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    both,
    streams,
  ),
  whole(
    'a stream of reasoning and its details',
    [
      stream(
        chunk({ content: '', reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', text: 'Hm', index: 0 }] }),
        chunk({ content: 'Hi' }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    both,
    { ...streams, source: 'AnswerDotAI/fastllm#61' },
  ),
  whole(
    'a stream of parts of thinking',
    [
      stream(
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }),
        chunk({ content: [{ type: 'text', text: 'Hi' }] }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    both,
    { ...streams, source: 'NousResearch/hermes-agent#4748' },
  ),
  whole(
    'a stream of tags that are cut by chunks',
    [
      stream(
        chunk({ content: '<thi' }),
        chunk({ content: 'nk>Hm</th' }),
        chunk({ content: 'ink>Hi' }),
        chunk({}, 'stop'),
        usageChunk,
        done,
      ),
    ],
    both,
    streams,
  ),
]

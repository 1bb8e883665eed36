import { hi, message, said } from '../answers.ts'
import { cut, refused, wastes, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

/** Why a reply ended, in the words of many servers. */
export const finishReasons: readonly Behaviour[] = [
  // Whole replies.
  whole('stop', [said('Hi', 'stop')]),
  whole('Together and watsonx: eos', [said('Hi', 'eos')], 'Hi', { source: 'vibrantlabsai/ragas#1548' }),
  whole('TGI and watsonx: eos_token', [said('Hi', 'eos_token')], 'Hi', { source: 'vibrantlabsai/ragas#1548' }),
  whole('Anthropic: end_turn', [said('Hi', 'end_turn')], 'Hi', { source: 'tidyverse/ellmer#3' }),
  whole('old OpenRouter: endturn', [said('Hi', 'endturn')], 'Hi', { source: 'zeitlings/ayai-gpt-nexus#2' }),
  whole('Anthropic: stop_sequence', [said('Hi', 'stop_sequence')], 'Hi', { source: 'tidyverse/ellmer#3' }),
  whole('Gemini in capitals: STOP', [said('Hi', 'STOP')], 'Hi', { source: 'epam/ai-dial-adapter-vertexai#85' }),
  whole('Cohere: COMPLETE', [said('Hi', 'COMPLETE')], 'Hi', { source: 'docs.cohere.com' }),
  whole('old Cohere gateways: complete', [said('Hi', 'complete')]),
  whole('Bedrock: end_turn beside usage of its own', [
    said('Hi', 'end_turn', {
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cache_read_input_tokens: 0 },
    }),
  ]),
  // Replies that the token limit cut.
  cut('length', [said('Hi', 'length')]),
  cut('Anthropic: max_tokens', [said('Hi', 'max_tokens')], 'Hi', { source: 'tidyverse/ellmer#3' }),
  cut('Gemini in capitals: MAX_TOKENS', [said('Hi', 'MAX_TOKENS')], 'Hi', {
    source: 'epam/ai-dial-adapter-vertexai#85',
  }),
  cut('Mistral: model_length', [said('Hi', 'model_length')], 'Hi', { source: 'docs.mistral.ai' }),
  cut('Responses API gateways: max_output_tokens', [said('Hi', 'max_output_tokens')], 'Hi', {
    source: 'docs.livekit.io',
  }),
  cut('Anthropic: model_context_window_exceeded', [said('Hi', 'model_context_window_exceeded')], 'Hi', {
    source: 'docs.claude.com',
  }),
  cut(
    'a thinking model that used its whole budget on thoughts',
    [message({ content: '', reasoning_content: 'Hm, first' }, 'length')],
    /<think>\s*Hm, first/,
    { source: 'BerriAI/litellm#36881' },
  ),
  cut(
    'the same with null instead of an empty text',
    [message({ content: null, reasoning: 'Hm, first' }, 'length')],
    /<think>\s*Hm, first/,
    { source: 'BerriAI/litellm#36881' },
  ),
  // Refusals of the model or of a filter behind it.
  refused('content_filter', [said('Hi', 'content_filter')]),
  refused('content_filter without a text', [said('', 'content_filter')], ''),
  refused('content_filter with null', [said(null, 'content_filter')], ''),
  refused('Gemini: SAFETY', [said('', 'SAFETY')], '', { source: 'xtekky/gpt4free#2341' }),
  refused('Gemini: safety in small letters', [said('', 'safety')], ''),
  refused('Gemini: RECITATION with half an answer', [said('Hi', 'RECITATION')], 'Hi', {
    source: 'epam/ai-dial-adapter-vertexai#85',
  }),
  refused('Gemini: PROHIBITED_CONTENT', [said('', 'PROHIBITED_CONTENT')], '', {
    source: 'epam/ai-dial-adapter-vertexai#85',
  }),
  refused('Gemini: BLOCKLIST', [said('', 'BLOCKLIST')], '', { source: 'epam/ai-dial-adapter-vertexai#85' }),
  refused('Gemini: SPII', [said('', 'SPII')], '', { source: 'epam/ai-dial-adapter-vertexai#85' }),
  refused('Anthropic: refusal', [said('Hi', 'refusal')], 'Hi', { source: 'docs.claude.com' }),
  refused('Zhipu: sensitive', [said('', 'sensitive')], '', { source: 'docs.bigmodel.cn' }),
  refused('Cohere: ERROR_TOXIC', [said('', 'ERROR_TOXIC')], '', {
    source: 'docs.oracle.com CohereChatResponse.FinishReasonEnum',
  }),
  refused(
    'OpenAI: a refusal instead of a text',
    [message({ content: null, refusal: 'I cannot help with that.' })],
    'I cannot help with that.',
  ),
  // Replies that failed on the way. They are paid, and asked for again.
  wastes('vLLM: abort with half a sentence', [said('Half a', 'abort')], /abort/, { source: 'vllm-project/vllm#57082' }),
  whole('vLLM: abort once, then whole', [said('Half a', 'abort'), hi], 'Hi', {
    paid: 30,
    source: 'vllm-project/vllm#57082',
  }),
  wastes('OpenRouter: error with half a sentence', [said('{"events": [{"ti', 'error')], /error/, {
    source: 'maximhq/bifrost#5425',
  }),
  whole(
    'OpenRouter: error once with usage of nulls',
    [
      said('{"events": [{"ti', 'error', { usage: { prompt_tokens: null, completion_tokens: null, total_tokens: 0 } }),
      hi,
    ],
    'Hi',
    { paid: 'some', source: 'maximhq/bifrost#5425' },
  ),
  wastes('Zhipu: network_error', [said('Half a', 'network_error')], /network_error/, { source: 'docs.bigmodel.cn' }),
  wastes(
    'DeepSeek: insufficient_system_resource',
    [said('Half a', 'insufficient_system_resource')],
    /insufficient_system_resource/,
    { source: 'api-docs.deepseek.com' },
  ),
  wastes('Gemini: MALFORMED_FUNCTION_CALL', [said('', 'MALFORMED_FUNCTION_CALL')], /MALFORMED_FUNCTION_CALL/i, {
    source: 'BerriAI/litellm#40477',
  }),
  wastes('Gemini: OTHER', [said('Half a', 'OTHER')], /other/i, { source: 'epam/ai-dial-adapter-vertexai#85' }),
  wastes('dynamo: cancelled', [said('Half a', 'cancelled')], /cancelled/, { source: 'ai-dynamo/dynamo#11760' }),
  wastes('Cohere: USER_CANCEL', [said('Half a', 'USER_CANCEL')], /USER_CANCEL/i, {
    source: 'docs.oracle.com CohereChatResponse.FinishReasonEnum',
  }),
  wastes(
    'a tool call that nobody asked for',
    [
      message(
        { content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        'tool_calls',
      ),
    ],
    /tool/,
  ),
  wastes('a reason that nobody knows', [said('Half a', 'solar_flare')], /solar_flare/),
  whole('a reason that nobody knows, once', [said('Half a', 'solar_flare'), hi], 'Hi', { paid: 30 }),
  wastes('the AI SDK: unknown', [said('Half a', 'unknown')], /unknown/),
]

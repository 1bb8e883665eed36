import { streamCut } from './finish-reasons.ts'
import { fieldsOf, listOf, numberOf, textOf } from './foreign.ts'
import type { Fields } from './foreign.ts'
import { errorIn } from './server-words.ts'
import { readContent } from './thinking.ts'

/** Text of the event that ends a stream. */
export const doneMark = '[DONE]'

const fieldsOfReasoning = ['reasoning_content', 'reasoning', 'thinking'] as const

/**
 * Puts the chunks of a stream together to one chat completion. It keeps texts and not the chunks,
 * because a long reply comes in ten thousand chunks.
 *
 * Chunks are parsed values, and the text `[DONE]`. Chunks of other choices than the first are
 * passed over. A chunk with a whole message replaces the text before it: some gateways send the
 * whole reply as the last chunk.
 */
export class Assembly {
  #content = ''
  #refusal = ''
  readonly #reasoning = new Map<string, string>()
  #details = ''
  #message: Fields | undefined
  #finish: unknown
  #nativeFinish: unknown
  #toolCall = false
  #model: string | undefined
  readonly #usage: Record<string, unknown> = {}
  #error: unknown
  #isDone = false
  #chunks = 0
  #choices = 0

  add(chunk: unknown): void {
    if (chunk === doneMark) {
      this.#isDone = true
      return
    }
    this.#chunks++
    const fields = fieldsOf(chunk)
    this.#model ??= textOf(fields['model'])
    this.#error ??= errorIn(chunk)
    for (const name of ['usage', 'x_groq', 'usageMetadata', 'timings', 'meta', 'prompt_eval_count', 'eval_count'])
      if (fields[name]) this.#usage[name] = fields[name]
    // Ollama's own form: one message a line, and `done_reason` in the last line.
    if (fields['done'] === true) this.#isDone = true
    if (fields['choices'] === undefined && Object.keys(fieldsOf(fields['message'])).length > 0)
      this.#addChoice({ delta: fields['message'], finish_reason: fields['done_reason'] })
    for (const choice of listOf(fields['choices']))
      if ((numberOf(fieldsOf(choice)['index']) ?? 0) === 0) this.#addChoice(fieldsOf(choice))
  }

  /** Whether a chunk said that the reply is over. Its usage may come in a chunk after that. */
  get isOver(): boolean {
    return this.#isDone || textOf(this.#finish) !== undefined
  }

  /** The chat completion so far, as its server would have sent it in one piece. */
  result(): unknown {
    const error = this.#error === undefined ? {} : { error: this.#error }
    const about = { model: this.#model, ...this.#usage, ...error }
    // An error, usage alone or an empty stream is read as a reply without a choice.
    if (this.#choices === 0) return this.#chunks === 0 ? undefined : { choices: [], ...about }
    const finish = this.#finish ?? (this.#isDone ? null : streamCut)
    const choice = { message: this.#assembled(), finish_reason: finish, native_finish_reason: this.#nativeFinish }
    return { choices: [choice], ...about }
  }

  #assembled(): Fields {
    const isReplaced = this.#content === '' || readContent(this.#message?.['content']).answer !== ''
    if (this.#message && isReplaced) return this.#message
    const reasoning = Object.fromEntries(this.#reasoning)
    const details = this.#details === '' ? {} : { reasoning_details: [{ type: 'reasoning.text', text: this.#details }] }
    const refusal = this.#refusal === '' ? {} : { refusal: this.#refusal }
    const tools = this.#toolCall ? { tool_calls: [{ type: 'function' }] } : {}
    return { role: 'assistant', content: this.#content, ...reasoning, ...details, ...refusal, ...tools }
  }

  #addChoice(choice: Fields): void {
    this.#choices++
    this.#finish = textOf(choice['finish_reason']) ?? this.#finish
    this.#nativeFinish = textOf(choice['native_finish_reason']) ?? this.#nativeFinish
    if (choice['usage']) this.#usage['usage'] ??= choice['usage']
    if (choice['error']) this.#error ??= choice['error']
    const message = fieldsOf(choice['message'])
    const isWhole = Object.keys(fieldsOf(choice['delta'])).length === 0 && Object.keys(message).length > 0
    if (isWhole) this.#message = message
    else this.#addDelta(choice['delta'] === undefined ? { content: choice['text'] } : fieldsOf(choice['delta']))
  }

  #addDelta(delta: Fields): void {
    const { answer, thinking, refusal } = readContent(delta['content'])
    this.#content += answer
    this.#refusal += textOf(delta['refusal']) ?? refusal
    if (listOf(delta['tool_calls']).length > 0 || textOf(fieldsOf(delta['function_call'])['name']))
      this.#toolCall = true
    for (const name of fieldsOfReasoning) this.#addReasoning(name, readContent(delta[name]).answer)
    if (thinking !== '') this.#addReasoning('thinking_blocks', thinking)
    const details = listOf(delta['reasoning_details'])
    for (const part of details)
      this.#details += textOf(fieldsOf(part)['text']) ?? textOf(fieldsOf(part)['summary']) ?? ''
  }

  #addReasoning(name: string, text: string): void {
    if (text !== '') this.#reasoning.set(name, (this.#reasoning.get(name) ?? '') + text)
  }
}

/** One chat completion of the chunks of a stream; undefined for a stream without a chunk. */
export function assemble(chunks: Iterable<unknown>): unknown {
  const assembly = new Assembly()
  for (const chunk of chunks) assembly.add(chunk)
  return assembly.result()
}

import type { AnswerPolicy } from './verdict.ts'

/**
 * The marks of model families, turned into the marks that the reader knows: <think>, <answer> and
 * \boxed{}. Sources: the chat templates of GLM-V (begin and end of box), Mistral ([THINK]), Kimi-VL
 * (◁think▷), Seed-OSS (seed:think), gpt-oss (harmony channels), LLaVA-CoT (<CONCLUSION>), Sky-T1
 * (begin_of_thought), Command A (START_THINKING) and Granite (<response>).
 */
const knownMarks: readonly (readonly [mark: string, read: string])[] = [
  ['<|begin_of_box|>', '\\boxed{'], ['<|end_of_box|>', '}'],
  ['<|begin_of_thought|>', '<think>'], ['<|end_of_thought|>', '</think>'],
  ['<|begin_of_solution|>', ' '], ['<|end_of_solution|>', ' '], ['[THINK]', '<think>'], ['[/THINK]', '</think>'],
  ['◁think▷', '<think>'], ['◁/think▷', '</think>'], ['<seed:think>', '<think>'], ['</seed:think>', '</think>'],
  ['<|START_THINKING|>', '<think>'], ['<|END_THINKING|>', '</think>'],
  ['<|START_RESPONSE|>', '<answer>'], ['<|END_RESPONSE|>', '</answer>'],
  ...['think', 'thinking', 'thought', 'thoughts', 'reasoning', 'analysis', 'reflection'].flatMap((name) => [
    [`<${name}>`, '<think>'] as const, [`</${name}>`, '</think>'] as const]),
  ...['answer', 'conclusion', 'final_answer', 'response'].flatMap((name) => [
    [`<${name}>`, '<answer>'] as const, [`</${name}>`, '</answer>'] as const]),
] // prettier-ignore

const escaped = (mark: string): string => mark.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
const readAs = new Map(knownMarks.map(([mark, read]) => [mark.toLowerCase(), read]))
const anyMark = new RegExp(knownMarks.map(([mark]) => escaped(mark)).join('|'), 'gi')

/** A completion with the marks of its model turned into the marks that the reader knows. */
export const withKnownMarks = (completion: string, policy?: AnswerPolicy): string =>
  withOwnMarks(finalChannel(completion), policy).replace(anyMark, (mark) => readAs.get(mark.toLowerCase()) ?? mark)

/** A completion with the marks that its row names turned into the marks that the reader knows. */
export function withOwnMarks(completion: string, { answerTags, reasoningTags }: AnswerPolicy = {}): string {
  let text = completion
  const own: [string, string][] = []
  if (reasoningTags !== undefined) own.push([reasoningTags[0], '<think>'], [reasoningTags[1], '</think>'])
  if (answerTags !== undefined) own.push([answerTags[0], '<answer>'], [answerTags[1], '</answer>'])
  for (const [mark, read] of own) text = text.replaceAll(mark, read)
  return text
}

/**
 * The text of the final channel of a harmony completion, also where the special tokens were dropped
 * ("analysis…assistantfinal…"). Channels before it are reasoning. A completion without a final
 * channel never finished its reasoning.
 */
function finalChannel(text: string): string {
  const mark = '<|channel|>'
  if (text.includes(mark)) {
    const at = text.lastIndexOf(`${mark}final`)
    if (at < 0) return `<think>${text}`
    const rest = text.slice(at + mark.length + 'final'.length).replace(/^[^<]{0,80}<\|message\|>/, '')
    return rest.split(/<\|(?:return|end|call|start)\|>/, 1)[0] ?? ''
  }
  if (!text.startsWith('analysis')) return text
  const at = text.lastIndexOf('assistantfinal')
  return at < 0 ? text : text.slice(at + 'assistantfinal'.length)
}

import { parseJson } from '../../domain/json-text.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { BadCell, textOf } from './cells.ts'
import type { ConversationMapping } from './mapping.ts'
import { isMap } from './record.ts'

/** What a talk says: the first question and the last reply. */
export interface Talk {
  question: string | null
  reply: string | null
}

/**
 * Reads the turns of a cell, which is a list or its JSON text. Throws {@link BadCell} for anything
 * else.
 */
export function talkOf(value: unknown, { role, text, user, assistant }: ConversationMapping): Talk {
  const turns = typeof value === 'string' ? parsed(value) : value
  if (!Array.isArray(turns)) throw new BadCell('holds no list of turns')
  let question: string | null = null
  let reply: string | null = null
  for (const turn of turns) {
    if (!isMap(turn)) throw new BadCell('holds a turn that is no map')
    const who = turn[role]
    if (typeof who !== 'string') throw new BadCell(`holds a turn without "${role}"`)
    if (user.includes(who)) question ??= bareQuestion(saidIn(turn[text]) ?? '') || null
    else if (assistant.includes(who)) reply = saidIn(turn[text]) ?? reply
  }
  return { question, reply }
}

function parsed(text: string): unknown {
  const json = parseJson(text)
  if (json === undefined) throw new BadCell('holds text that is no JSON where turns are expected')
  return json
}

/**
 * Text of a turn: a text as it is, or the text parts of a list (`[{type: text, text: …}, {type:
 * image}]`).
 */
function saidIn(value: unknown): string | null {
  if (!Array.isArray(value)) return textOf(value)
  const parts = value.flatMap((part) => (isMap(part) && typeof part['text'] === 'string' ? [part['text']] : []))
  return parts.length === 0 ? null : parts.join('\n')
}

/**
 * The answer that a reply marks: the last `<answer>…</answer>`, else the last `\boxed{…}`, else
 * null.
 */
export function answerIn(reply: string): string | null {
  const open = reply.lastIndexOf('<answer>')
  if (open >= 0) {
    const from = open + '<answer>'.length
    const close = reply.indexOf('</answer>', from)
    const inner = reply.slice(from, close < 0 ? undefined : close)
    const text = inner.trim().replace(/^final answer\s*:\s*/i, '')
    if (text !== '') return boxedIn(text) ?? text
  }
  return boxedIn(reply)
}

function boxedIn(text: string): string | null {
  const at = text.lastIndexOf('\\boxed{')
  if (at < 0) return null
  let depth = 1
  const from = at + '\\boxed{'.length
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '{') depth++
    else if (text[index] === '}' && --depth === 0) return text.slice(from, index).trim() || null
  }
  return null
}

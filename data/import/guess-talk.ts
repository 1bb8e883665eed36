import { answerIn } from './marked-answer.ts'
import { exchangesOf, turnsOf } from './conversation.ts'
import type { Exchange } from './conversation.ts'
import type { Look } from './look.ts'
import type { ConversationMapping } from './mapping.ts'
import { fieldOf, isMap } from './record.ts'
import type { Fields } from './record.ts'
import type { TrainerEntry } from './trainer-list.ts'

const usualTalks = ['messages', 'conversations', 'conversation', 'dialog', 'dialogue', 'prompt']
/** Columns that go on where the turns of `prompt` end. */
const continuations = ['completion', 'chosen']

/** A talk as it was guessed, and what its replies and questions are like. */
export interface TalkGuess {
  mapping: ConversationMapping
  /** Whether a talk has a question. */
  hasQuestions: boolean
  /** Talks of several questions among the first rows. */
  several: number
  /** Whether pictures are inside the turns. */
  hasPictures: boolean
}

/** The columns of turns and how they are written; null when there is no such column. */
export function guessTalk(look: Look, listed: TrainerEntry | null): TalkGuess | null {
  if (listed?.formatting === 'alpaca') return null
  const stated = listed?.columns.messages
  const column = isTalk(look, stated) ? stated : usualTalks.map(look.find).find((name) => isTalk(look, name))
  if (column === undefined) return null
  const next = /^prompt$/i.test(column) ? continuations.map(look.find).find((name) => isTalk(look, name)) : undefined
  const columns = next === undefined ? [column] : [column, next]
  const mapping = writtenAs(look, columns, listed)
  const talks = look.sample.flatMap((fields) => talkOf(fields, columns, mapping) ?? [])
  const replies = talks.flatMap((talk) => talk.flatMap(({ reply }) => reply ?? []))
  const marked = replies.filter((reply) => answerIn(reply) !== null).length
  if (2 * marked > replies.length) mapping.reply = 'trace'
  const questions = talks.map((talk) => talk.filter(({ question }) => question !== null).length)
  return {
    mapping,
    hasQuestions: questions.some((count) => count > 0),
    several: questions.filter((count) => count > 1).length,
    hasPictures: talks.some((talk) => talk.some(({ pictures }) => pictures.length > 0)),
  }
}

/** Turns of a cell: a list of maps, a map of lists, or JSON text of one of them. */
function turnsIn(value: unknown): Readonly<Record<string, unknown>>[] {
  for (const [role, text] of forms) {
    try {
      const turns = turnsOf(value, { role, text })
      const maps = turns.filter(isMap)
      if (maps.length === turns.length && maps.length > 0) return maps
    } catch {
      // Perhaps it is written in another form.
    }
  }
  return []
}
const forms = [
  ['role', 'content'],
  ['from', 'value'],
] as const

const isTalk = (look: Look, column: string | undefined): column is string =>
  column !== undefined && look.values(column).some((value) => typeof value !== 'number' && turnsIn(value).length > 0)

function writtenAs(look: Look, columns: string[], listed: TrainerEntry | null): ConversationMapping {
  const turns = columns.flatMap((column) => look.values(column).flatMap(turnsIn))
  const has = (field: string): boolean => turns.some((turn) => turn[field] !== undefined)
  const role = listed?.tags.role_tag ?? (has('from') ? 'from' : 'role')
  const text = listed?.tags.content_tag ?? (has('value') ? 'value' : 'content')
  const speakers = new Set(turns.flatMap((turn) => (typeof turn[role] === 'string' ? [turn[role]] : [])))
  const among = (tag: string | undefined, known: string[]): string[] => {
    if (tag !== undefined) return [tag]
    const there = known.filter((name) => speakers.has(name))
    return there.length > 0 ? there : known.slice(0, 1)
  }
  const [first = ''] = columns
  return {
    column: columns.length === 1 ? first : columns,
    role,
    text,
    user: among(listed?.tags.user_tag, ['user', 'human']),
    assistant: among(listed?.tags.assistant_tag, ['assistant', 'gpt', 'model', 'bot']),
    reply: 'answer',
  }
}

function talkOf(fields: Fields, columns: readonly string[], mapping: ConversationMapping): Exchange[][] | null {
  try {
    return [
      exchangesOf(
        columns.flatMap((column) => turnsOf(fieldOf(fields, column), mapping)),
        mapping,
      ),
    ]
  } catch {
    return null
  }
}

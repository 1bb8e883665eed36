import { parseJson } from '../../domain/json-text.ts'
import { imageMark } from '../rows/image-marks.ts'
import { isBox } from './answer-cell.ts'
import { BadCell, textOf } from './cells.ts'
import { answerIn } from './marked-answer.ts'
import type { ConversationMapping } from './mapping.ts'
import { picturesOf } from './picture-refs.ts'
import type { PictureRef } from './picture-refs.ts'
import { isMap } from './record.ts'

/** A question of a talk and the reply to it. */
export interface Exchange {
  /** As it is written, with its marks of pictures; null where a reply has no question before it. */
  question: string | null
  reply: string | null
  /** Pictures that the question itself holds, as OpenAI's parts do. */
  pictures: PictureRef[]
  /** Whether the reply is a list of four numbers. */
  isBox: boolean
}

const emptyExchange = (): Exchange => ({ question: null, reply: null, pictures: [], isBox: false })

/**
 * Questions and replies of a cell in their order. The cell is a list of turns, a map of lists (as
 * `datasets` stores a list of maps) or the JSON text of one of them. Throws {@link BadCell} for
 * anything else.
 */
export function exchangesOf(value: unknown, mapping: Omit<ConversationMapping, 'column'>): Exchange[] {
  const { role, text, user, assistant } = mapping
  const exchanges: Exchange[] = []
  let at: Exchange | null = null
  for (const turn of turnsOf(value, mapping)) {
    if (!isMap(turn)) throw new BadCell('holds a turn that is no map')
    const who = turn[role]
    if (typeof who !== 'string') throw new BadCell(`holds a turn without "${role}"`)
    if (user.includes(who)) {
      const { said, pictures } = partsOf(turn[text])
      // Two turns of a user before a reply are one question.
      if (!at || at.reply !== null) exchanges.push((at = emptyExchange()))
      if (said !== null) at.question = at.question === null ? said : `${at.question}\n${said}`
      at.pictures.push(...pictures)
    } else if (assistant.includes(who)) {
      if (!at) exchanges.push((at = emptyExchange()))
      const { said } = partsOf(turn[text])
      if (said === null) continue
      at.reply = said
      at.isBox = isBox(turn[text])
    }
  }
  // What an assistant says before the first question answers nothing.
  return exchanges.length > 1 && exchanges[0]?.question === null ? exchanges.slice(1) : exchanges
}

/** Turns of a cell as a list. Throws {@link BadCell} for a cell without turns. */
export function turnsOf(
  value: unknown,
  { role, text }: Pick<ConversationMapping, 'role' | 'text'>,
): readonly unknown[] {
  const turns = typeof value === 'string' ? parsed(value) : value
  if (Array.isArray(turns)) return turns
  const [roles, texts] = isMap(turns) ? [turns[role], turns[text]] : []
  if (!Array.isArray(roles) || !Array.isArray(texts)) throw new BadCell('holds no list of turns')
  if (roles.length !== texts.length)
    throw new BadCell(`holds ${roles.length} of "${role}" and ${texts.length} of "${text}"`)
  return roles.map((who: unknown, index): unknown => ({ [role]: who, [text]: texts[index] }))
}

function parsed(text: string): unknown {
  const json = parseJson(text)
  if (json === undefined) throw new BadCell('holds text that is no JSON where turns are expected')
  return json
}

/**
 * What a turn says: a text, a box as a list of numbers (VLM-R1), or parts (`[{type: text, text: …},
 * {type: image_url, …}]`). A part that is a picture leaves a mark in the text.
 */
function partsOf(value: unknown): { said: string | null; pictures: PictureRef[] } {
  if (!Array.isArray(value)) return { said: textOf(value), pictures: [] }
  if (value.length > 0 && value.every((item) => typeof item === 'number'))
    return { said: JSON.stringify(value), pictures: [] }
  const pictures: PictureRef[] = []
  const texts = value.flatMap((part): string[] => {
    if (typeof part === 'string') return [part]
    if (!isMap(part)) return []
    const { type } = part
    if (type === 'video' || type === 'audio' || type === 'input_audio' || type === 'video_url')
      throw new BadCell(`holds a part of the type "${type}", which a row cannot have`)
    if (typeof type === 'string' ? type.includes('image') : isImagePart(part)) {
      pictures.push(...picturesOfPart(part))
      return [imageMark]
    }
    return typeof part['text'] === 'string' ? [part['text']] : []
  })
  return { said: texts.length === 0 ? null : texts.join('\n'), pictures }
}

const isImagePart = (part: Readonly<Record<string, unknown>>): boolean =>
  ['image', 'image_url'].some((name) => part[name] !== null && part[name] !== undefined)

/** Pictures of a part; none for a part that only says where a picture of a column stands. */
function picturesOfPart(part: Readonly<Record<string, unknown>>): PictureRef[] {
  const source = isMap(part['source']) ? part['source']['data'] : part['source']
  const held = [part['image_url'], part['image'], part['url'], part['path'], part['bytes'], source]
  return held.flatMap(picturesOf).slice(0, 1)
}

/** A reply as a later question repeats it: its answer, else the text after its thinking. */
export const replyInShort = (reply: string): string =>
  answerIn(reply) ?? (reply.replace(/^[^]*<\/think>/, '').trim() || reply.trim())

import { filePieces } from '../lines/file-pieces.ts'
import { utf8Pieces } from '../lines/utf8-pieces.ts'
import { JsonScanner } from './json-scanner.ts'
import { jsonOfBytes } from './json-value.ts'
import { isMap } from './record.ts'

/** A member of the map that a JSON file is. */
export interface JsonMember {
  name: string
  is: 'map' | 'list' | 'other'
  /** Items of a list. */
  items: number
  /** Whether the first item of a list is a map. */
  holdsMaps: boolean
  /** Names in a map, or in the first item of a list where that is a map. */
  names: readonly string[]
}

/**
 * What a JSON file is at its top: a list, or a map with its first members. `isMapOfMaps` counts all
 * members.
 */
export type JsonShape =
  | { is: 'list' }
  | { is: 'other' }
  | { is: 'map'; members: JsonMember[]; isWhole: boolean; isMapOfMaps: boolean }

/** Members that are looked at closely. A wrapper has a few; a map of rows has any number. */
const closely = 200

/**
 * Opens a JSON file, also a packed one, to walk over it. A person who ends the import does not wait
 * for its end: the walk throws what `signal` was aborted with.
 */
export const openJson = (file: string, signal?: AbortSignal): JsonScanner => new JsonScanner(latinPieces(file, signal))

async function* latinPieces(file: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  let isFirst = true
  for await (const piece of utf8Pieces(filePieces(file))) {
    signal?.throwIfAborted()
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')
    // The bytes of a byte order mark.
    yield isFirst ? text.replace(/^\u00ef\u00bb\u00bf/, '') : text
    isFirst = false
  }
}

/** Reads a JSON file once to see what it is. Throws Error where it is no JSON. */
export async function jsonShape(file: string, signal?: AbortSignal): Promise<JsonShape> {
  const scanner = openJson(file, signal)
  try {
    const mark = await scanner.peek()
    if (mark !== '{') return { is: mark === '[' ? 'list' : 'other' }
    const members: JsonMember[] = []
    let count = 0
    let isMapOfMaps = true
    for await (const name of scanner.names()) {
      const isClose = count++ < closely
      const first = await scanner.peek()
      if (first !== '{') isMapOfMaps = false
      if (isClose) members.push(await memberOf(name, first, scanner))
      else await scanner.value(false)
    }
    await scanner.end()
    return { is: 'map', members, isWhole: count <= closely, isMapOfMaps: isMapOfMaps && count > 0 }
  } finally {
    await scanner.close()
  }
}

async function memberOf(name: string, mark: string, scanner: JsonScanner): Promise<JsonMember> {
  if (mark === '{') return { name, is: 'map', items: 0, holdsMaps: false, names: namesOf(await scanner.value(true)) }
  if (mark !== '[') {
    await scanner.value(false)
    return { name, is: 'other', items: 0, holdsMaps: false, names: [] }
  }
  let items = 0
  let names: string[] = []
  let holdsMaps = false
  for await (const item of scanner.items(1)) {
    if (items++ > 0) continue
    holdsMaps = item?.startsWith('{') === true
    names = namesOf(item)
  }
  return { name, is: 'list', items, holdsMaps, names }
}

function namesOf(text: string | null): string[] {
  const json = text === null ? null : jsonOfBytes(text)
  return json && 'value' in json && isMap(json.value) ? Object.keys(json.value) : []
}

/** A file of questions without answers, or of annotations that belong to such a file. */
export type PairRole = 'questions' | 'annotations'

/** What VQAv2 and OK-VQA write: a list of questions, and the answers to them in a second file. */
export function pairRole(shape: JsonShape): PairRole | null {
  if (shape.is !== 'map') return null
  const has = (list: PairRole, isRight: (names: readonly string[]) => boolean): boolean =>
    shape.members.some(({ name, holdsMaps, names }) => name === list && holdsMaps && isRight(names))
  const hasAnswers = (names: readonly string[]): boolean => names.some((name) => name.includes('answer'))
  if (has('annotations', (names) => names.includes('question_id') && !names.includes('question'))) return 'annotations'
  return has('questions', (names) => names.includes('question_id') && !hasAnswers(names)) ? 'questions' : null
}

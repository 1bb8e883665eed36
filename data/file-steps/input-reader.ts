import type { FileHandle } from 'node:fs/promises'
import { jsonValue, notUtf8 } from '../import/json-value.ts'
import { longestLine } from '../lines/read-lines.ts'
import { readRow } from '../rows/row-line.ts'
import type { RowLine } from '../rows/row-line.ts'
import { readPlaces } from './read-places.ts'

/** A file of rows, and the folder of its pictures' relative names. */
export interface InputFile {
  path: string
  folder: string
}

/** A line that cannot be worked on. */
export interface BadLine {
  /** The line's own id where it can be read. */
  id: string | null
  reason: 'bad-line' | 'duplicate-id'
  /** What is wrong, with the name of the line. */
  detail: string
}

/** A line of the input, by its place among the lines that count. */
export interface InputLine {
  place: number
  /** Number in its file, from 1. */
  number: number
  /** Distinguishes it from all other lines: `line-7`. */
  label: string
  folder: string
  text: string
  read: { row: RowLine } | BadLine
}

/** Places of lines in their files, each at its index among the lines that count. */
export interface LinePlaces {
  /** Index into the files. */
  file: number[]
  offset: number[]
  bytes: number[]
  /** Number in its file, from 1. */
  number: number[]
}

interface Indexed {
  files: readonly InputFile[]
  handles: readonly FileHandle[]
  at: LinePlaces
  ids: ReadonlyMap<string, number>
  /** Lines whose id an earlier line has. */
  duplicates: ReadonlySet<number>
  /** Lines that are not UTF-8. */
  broken: ReadonlySet<number>
}

/** Reads lines again by their places, in the given order. */
export function createLineReader({ files, handles, at, ids, duplicates, broken }: Indexed) {
  const names = files.map(({ path }) => path)
  const whereIs = (place: number): string => {
    const name = names[at.file[place] ?? 0] ?? ''
    return files.length > 1 ? `line ${at.number[place]} of ${name}` : `line ${at.number[place]}`
  }
  const lineOf = (place: number, text: string): InputLine => {
    const file = at.file[place] ?? 0
    const bytes = at.bytes[place] ?? 0
    const number = at.number[place] ?? 0
    const label = files.length > 1 ? `file-${file + 1}-line-${number}` : `line-${number}`
    const line = { place, number, label, folder: files[file]?.folder ?? '', text }
    if (bytes > longestLine) {
      const detail = `${whereIs(place)} has ${bytes} bytes; a row has at most ${longestLine}`
      return { ...line, read: { id: null, reason: 'bad-line', detail } }
    }
    if (broken.has(place))
      return { ...line, read: { id: null, reason: 'bad-line', detail: `${whereIs(place)}: ${notUtf8}` } }
    const read = readRowLine(text, whereIs(place))
    if (!duplicates.has(place) || !('row' in read)) return { ...line, read }
    const first = ids.get(read.row.id) ?? 0
    const detail = `${whereIs(place)}: ${whereIs(first)} has the id ${JSON.stringify(read.row.id)} already`
    return { ...line, read: { id: read.row.id, reason: 'duplicate-id', detail } }
  }

  return async (places: readonly number[]): Promise<InputLine[]> => {
    const texts = new Map<number, string>()
    for (const [file, handle] of handles.entries()) {
      const own = places.filter((place) => at.file[place] === file && (at.bytes[place] ?? 0) <= longestLine)
      const found = await readPlaces(
        handle,
        own.map((place) => ({ offset: at.offset[place] ?? 0, bytes: at.bytes[place] ?? 0 })),
      )
      own.forEach((place, nth) => texts.set(place, found[nth] ?? ''))
    }
    return places.map((place) => lineOf(place, texts.get(place) ?? ''))
  }
}

/** The value of a line, without a byte order mark at its start, or why it has none. */
export const lineValue = (text: string): ReturnType<typeof jsonValue> => jsonValue(text.replace(/^\uFEFF/, ''))

/** A line as a row, or what is wrong with it. `where` names the line in words. */
function readRowLine(text: string, where: string): { row: RowLine } | BadLine {
  const json = lineValue(text)
  const read = 'problem' in json ? json : readRow(json.value)
  if ('row' in read) return read
  const id = 'value' in json ? idOf(json.value) : null
  return { id, reason: 'bad-line', detail: `${where}: ${read.problem}`.slice(0, 500) }
}

function idOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null
  return typeof value.id === 'string' || typeof value.id === 'number' ? String(value.id) : null
}

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ensureFolder, storageError } from '../../services/home.ts'
import { handlePieces } from '../lines/file-pieces.ts'
import { readLines } from '../lines/read-lines.ts'
import { readPlaces } from './read-places.ts'
import type { Place } from './read-places.ts'

/** A file of lines that only grows. */
export interface AppendLog {
  /** Writes lines and returns their places. Rejects with StorageFull when the disk is full. */
  append(lines: readonly string[]): Promise<Place[]>
  /** The lines at these places, in their order. */
  read(places: readonly Place[]): Promise<string[]>
  /** Reads what other processes have added since. */
  catchUp(): Promise<void>
  /** Resolves when all earlier appends are on the disk. Later lines do not wait for it. */
  sync(): Promise<void>
  close(): Promise<void>
}

/**
 * Lines are written together up to this size: large enough to save calls, and small beside what is
 * in memory anyway.
 */
const groupCharacters = 8 * 1024 * 1024
const mostTries = 5
/**
 * Bytes of the longest line that a log may have. Every line that is written must be readable again:
 * a reply has up to 64 MiB (models/replica-client.ts), three times as much where its bytes are not
 * UTF-8, and its request is made of a row.
 */
const longestLogLine = 256 * 1024 * 1024

/**
 * Opens a log, or makes it. `onLine` gets every line that is there and, later, the lines that other
 * processes add; it does not get own lines. A kill may have cut the last line, which then has no
 * end. `onLine` gets it like any other (its reader can tell by its JSON), and the next line starts
 * on a line of its own. Nothing is ever cut off or moved, so several processes may write to one
 * log: whole lines go to the end of the file in one write, which no other write of this machine can
 * split. `FileHandle.appendFile` was rejected, because it writes pieces of half a megabyte.
 *
 * `movedBy` is the option that names the file or its folder.
 */
export async function openAppendLog(
  path: string,
  onLine: (text: string, place: Place) => void,
  movedBy: string = '--state',
): Promise<AppendLog> {
  ensureFolder(dirname(path), movedBy)
  const handle = await open(path, 'a+').catch((error: unknown) => {
    throw storageError(error, path, movedBy)
  })
  const end = new LogEnd(handle, { path, movedBy }, onLine)
  let tail: Promise<unknown> = Promise.resolve()
  /** Runs work one after the other. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }

  await end.scan(true)
  return {
    append: (lines) =>
      inTurn(async () => {
        const places: Place[] = []
        for (const group of groups(lines)) places.push(...(await end.write(group)))
        return places
      }),
    read: (places) => readPlaces(handle, places),
    catchUp: () => inTurn(() => end.catchUp()),
    sync: () => handle.datasync(),
    async close() {
      await tail
      await handle.close()
    },
  }
}

/** Claims a line that this process wrote. True when the line was its own. */
type TakeOwn = (text: string, place: Place) => boolean

/** The end of a log, up to which its lines are known. One call at a time. */
class LogEnd {
  readonly #handle: FileHandle
  readonly #where: { path: string; movedBy: string }
  readonly #onLine: (text: string, place: Place) => void
  /** Everything before this offset was looked at. */
  #known = 0
  /** The last line has no end. */
  #isCut = false
  /** The unended line as it was when the log was opened: perhaps another process was writing it. */
  #unended: { offset: number; text: string } | undefined

  constructor(
    handle: FileHandle,
    where: { path: string; movedBy: string },
    onLine: (text: string, place: Place) => void,
  ) {
    this.#handle = handle
    this.#where = where
    this.#onLine = onLine
  }

  /** Gives the lines beyond the known end to `onLine`, without own lines. */
  async scan(isFirst: boolean, takeOwn: TakeOwn = () => false): Promise<void> {
    const from = { offset: this.#known, longest: longestLogLine, isExact: true }
    for await (const lines of readLines(handlePieces(this.#handle, this.#known), from)) {
      for (const { offset, bytes, text, isEnded } of lines) {
        const isHandedOver = this.#unended?.offset === offset && this.#unended.text === text
        this.#isCut = !isEnded
        if (isEnded) this.#known = offset + bytes + 1
        // Another process may be writing this line. It is looked at again when it has ended.
        else if (isFirst && text) this.#unended = { offset, text }
        else return
        if (text && !isHandedOver && !takeOwn(text, { offset, bytes })) this.#onLine(text, { offset, bytes })
      }
    }
  }

  async catchUp(): Promise<void> {
    if ((await this.#handle.stat()).size > this.#known) await this.scan(false)
  }

  async write(lines: readonly string[]): Promise<Place[]> {
    const places = new Map<string, Place>()
    const left = new Set(lines)
    // A line is missing when the disk took only some bytes, or when another process was killed
    // within a line and ours was written behind it. It is written again.
    for (let tries = 0; left.size > 0; tries++) {
      if (tries === mostTries) throw new Error(`${this.#where.path} does not keep what is written to it`)
      const takeOwn: TakeOwn = (text, place) => {
        if (!left.delete(text)) return false
        places.set(text, place)
        return true
      }
      if (!(await this.#writeOnce([...left], takeOwn))) await this.scan(false, takeOwn)
    }
    return lines.flatMap((line) => places.get(line) ?? [])
  }

  /**
   * Writes lines in one call. False when not all bytes were written, or when others have written
   * too.
   */
  async #writeOnce(lines: readonly string[], takeOwn: TakeOwn): Promise<boolean> {
    const start = this.#isCut ? '\n' : ''
    const content = Buffer.from(`${start}${lines.map((line) => `${line}\n`).join('')}`)
    // True until the write is known to be whole.
    this.#isCut = true
    const { bytesWritten } = await this.#handle.write(content, 0, content.length).catch((error: unknown) => {
      throw storageError(error, this.#where.path, this.#where.movedBy)
    })
    const { size } = await this.#handle.stat()
    if (bytesWritten < content.length || size !== this.#known + content.length) return false
    this.#isCut = false
    let offset = this.#known + start.length
    this.#known = size
    for (const line of lines) {
      const bytes = Buffer.byteLength(line)
      takeOwn(line, { offset, bytes })
      offset += bytes + 1
    }
    return true
  }
}

function* groups(lines: readonly string[]): Generator<string[]> {
  let group: string[] = []
  let characters = 0
  for (const line of lines) {
    if (group.length > 0 && characters + line.length > groupCharacters) {
      yield group
      ;[group, characters] = [[], 0]
    }
    group.push(line)
    characters += line.length
  }
  if (group.length > 0) yield group
}

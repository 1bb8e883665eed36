import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ensureFolder, storageError } from '../../services/home.ts'
import { byteLines, longestLogLine, type Place, readPlaces } from './byte-lines.ts'

/** A file of lines that only grows. */
export interface AppendLog {
  /** Writes lines and says where they stand. Rejects with StorageFull when the disk is full. */
  append(lines: readonly string[]): Promise<Place[]>
  /** The lines at these places, in their order. */
  read(places: readonly Place[]): Promise<string[]>
  /** Reads what other processes have added since. */
  catchUp(): Promise<void>
  /** Resolves when what was appended before is on the disk. Keeps no line waiting. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Lines are written together up to this size: enough for a call, and little beside what is in memory anyway. */
const groupCharacters = 8 * 1024 * 1024
const mostTries = 5

/**
 * Opens a log, or makes one. `onLine` gets every line that is there and, later, those that other processes add; own lines
 * it does not get. A last line without an end was cut by a kill: it is handed over like any other (its reader can tell by
 * its JSON), and the next line starts on a line of its own. Nothing is ever cut off or moved, so that several processes
 * may write to one log: whole lines are one write at the end of the file, which no other write of this machine can part.
 * `FileHandle.appendFile` was rejected for that: it writes pieces of half a megabyte. `movedBy` is the option that names the
 * file or its folder.
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
  /** One after the other. */
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

/** Takes a line that is its own, and says so. */
type TakeOwn = (text: string, place: Place) => boolean

/** The end of a log, up to which its lines are known. One call at a time. */
class LogEnd {
  readonly #handle: FileHandle
  readonly #where: { path: string; movedBy: string }
  readonly #onLine: (text: string, place: Place) => void
  /** Everything before it was looked at. */
  #known = 0
  /** The last line has no end. */
  #isCut = false
  /** That line as it was when the log was opened: perhaps another process was writing it. */
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

  /** Hands over what lies beyond, but for own lines. */
  async scan(isFirst: boolean, takeOwn: TakeOwn = () => false): Promise<void> {
    for await (const lines of byteLines(this.#handle, this.#known, longestLogLine)) {
      for (const { offset, bytes, text, isEnded } of lines) {
        const isHandedOver = this.#unended?.offset === offset && this.#unended.text === text
        this.#isCut = !isEnded
        if (isEnded) this.#known = offset + bytes + 1
        // Another process may be writing it: it is looked at again when it has ended.
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
    // A line is not there when the disk took some bytes alone, or when another process was killed within a line and ours
    // was written behind it: it is written again.
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

  /** Writes lines in one call. False where not all bytes were written, or where others have written too. */
  async #writeOnce(lines: readonly string[], takeOwn: TakeOwn): Promise<boolean> {
    const start = this.#isCut ? '\n' : ''
    const content = Buffer.from(`${start}${lines.map((line) => `${line}\n`).join('')}`)
    // Until it is known to have ended.
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

import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ensureFolder, storageError } from '../../services/home.ts'
import { byteLines, type Place, readPlaces } from './byte-lines.ts'

/** A file of lines that only grows. */
export interface AppendLog {
  /** Writes lines in one call and says where they stand. Rejects with StorageFull when the disk is full. */
  append(lines: readonly string[]): Promise<Place[]>
  /** The lines at these places, in their order. */
  read(places: readonly Place[]): Promise<string[]>
  /** Reads what other processes have added since. */
  catchUp(): Promise<void>
  /** Resolves when what was appended before is on the disk. Keeps no line waiting. */
  sync(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a log, or makes one. `onLine` gets every line that is there and, later, those that other processes add; own lines
 * it does not get. A last line without an end was cut by a kill: it is handed over like any other (its reader can tell by
 * its JSON), and the next line starts on a line of its own. Nothing is ever cut off or moved, so that several processes
 * may write to one log: a line is one write at the end of the file.
 */
export async function openAppendLog(path: string, onLine: (text: string, place: Place) => void): Promise<AppendLog> {
  ensureFolder(dirname(path))
  const handle = await open(path, 'a+').catch((error: unknown) => {
    throw storageError(error, path)
  })
  /** Everything before it was looked at. */
  let known = 0
  let isCut = false
  let tail: Promise<unknown> = Promise.resolve()

  /** Looks at what lies beyond; lines of `own`, in their order, are not handed over but placed. */
  const scan = async (own: readonly string[], isFirst: boolean): Promise<Place[]> => {
    const places: Place[] = []
    for await (const lines of byteLines(handle, known)) {
      for (const { offset, bytes, text, isEnded } of lines) {
        // Another process may be writing this line right now: it is looked at when it has ended.
        if (!isEnded && !isFirst) return places
        known = offset + bytes + (isEnded ? 1 : 0)
        isCut = !isEnded
        if (text === null || text === '') continue
        if (places.length < own.length && text === own[places.length]) places.push({ offset, bytes })
        else onLine(text, { offset, bytes })
      }
    }
    return places
  }

  const write = async (lines: readonly string[]): Promise<Place[]> => {
    const start = isCut ? '\n' : ''
    const content = Buffer.from(`${start}${lines.map((line) => `${line}\n`).join('')}`)
    try {
      await handle.appendFile(content)
    } catch (error) {
      isCut = true
      throw storageError(error, path)
    }
    isCut = false
    const { size } = await handle.stat()
    if (size !== known + content.length) {
      const places = await scan(lines, false)
      if (places.length === lines.length) return places
      // Another process was killed within a line, and ours was written behind it: it is written again on its own.
      isCut = true
      return [...places, ...(await write(lines.slice(places.length)))]
    }
    let offset = known + start.length
    known = size
    return lines.map((line) => {
      const place = { offset, bytes: Buffer.byteLength(line) }
      offset += place.bytes + 1
      return place
    })
  }

  /** One after the other. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = tail.then(work)
    tail = result.catch(() => undefined)
    return result
  }

  await scan([], true)
  return {
    append: (lines) => (lines.length === 0 ? Promise.resolve([]) : inTurn(() => write(lines))),
    read: (places) => readPlaces(handle, places),
    catchUp: () =>
      inTurn(async () => {
        if ((await handle.stat()).size > known) await scan([], false)
      }),
    sync: () => handle.datasync(),
    async close() {
      await tail
      await handle.close()
    },
  }
}

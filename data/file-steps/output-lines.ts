import { isAbsolute, relative, resolve, sep } from 'node:path'
import type { Row } from '../../domain/rows.ts'
import { lineOfRow, rowOfLine } from '../rows/row-line.ts'
import type { RowLine } from '../rows/row-line.ts'
import { picturePaths } from '../pictures/locate.ts'
import type { FinishedOutcome } from './finished-rows.ts'
import type { BadLine, InputLine } from './input-reader.ts'

/** A line of the output, and whether its row is kept. */
export interface OutputLine {
  isKept: boolean
  /** The line for a file in this folder: relative names of pictures start there. */
  text(folder: string): string
}

/** The lines of an input row's outcomes, in their order. */
export function linesOf(
  input: InputLine,
  row: RowLine,
  outcomes: readonly FinishedOutcome[],
  ids: { has(id: string): boolean },
): OutputLine[] {
  const before = rowOfLine(row, [])
  return outcomes.map(({ status, reason, detail, changes, requests }, at) => {
    const id = outcomes.length === 1 ? row.id : derivedId(row.id, at, ids)
    const after: Row = {
      ...before,
      ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
      id,
    }
    return {
      isKept: status === 'kept',
      text: (folder) =>
        JSON.stringify({
          ...lineOfRow(
            after,
            row.images.map((image) => pathFrom(folder, input.folder, image)),
          ),
          status,
          ...(reason !== null && { reason }),
          ...(detail !== null && { detail }),
          parent: row.id,
          requests,
        }),
    }
  })
}

/** The output line of an input line that is no row. It says what is wrong, and which line it is. */
export function lineOfBad({ number, label }: InputLine, bad: BadLine, ids: { has(id: string): boolean }): OutputLine {
  const line = {
    // Another line may have its own id too.
    id: unusedId(label, ids),
    ...(bad.id !== null && { given: bad.id }),
    images: [],
    status: 'failed',
    reason: bad.reason,
    detail: bad.detail,
    line: number,
    requests: [],
  }
  return { isKept: false, text: () => JSON.stringify(line) }
}

/**
 * Id of one of several rows that were made from one row: `7#0`, `7#1`. It is never an id of the
 * input, and never the id of a row with another parent: the number after the last # and the text
 * before it say which row it is.
 */
const derivedId = (parent: string, at: number, ids: { has(id: string): boolean }): string =>
  unusedId(`${parent}#${at}`, ids)

function unusedId(id: string, ids: { has(id: string): boolean }): string {
  let free = id
  while (ids.has(free)) free += '~'
  return free
}

/**
 * How a file in `folder` names a picture: by a relative name where the picture is below the folder,
 * else by its whole path.
 */
function pathFrom(folder: string, inputFolder: string, image: string): string {
  if (isAbsolute(image)) return image
  let path: string
  try {
    path = picturePaths(image, { folders: [inputFolder], isAbsoluteFree: true })[0] ?? image
  } catch {
    // The name leads out of its folder, so its row has failed. It stays as it was.
    return image
  }
  const inside = relative(resolve(folder), path)
  return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? path : inside.split(sep).join('/')
}

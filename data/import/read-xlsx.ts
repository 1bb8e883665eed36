import { stat } from 'node:fs/promises'
import readXlsx from 'read-excel-file/node'
import { openPromise } from 'yauzl'
import { HoneError } from '../../domain/errors.ts'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { unreadable } from './engine.ts'
import { numbered } from './record.ts'
import type { Fields, RecordReader } from './record.ts'

/** A workbook is unpacked in memory, so its size is limited. */
const limits = { bytes: 64 * 1024 * 1024, unpacked: 512 * 1024 * 1024 }

/**
 * Excel workbooks (`.xlsx`): the first line of a sheet names the columns. `sheet` chooses where
 * several sheets have rows. Pictures inside a workbook are not read. Throws InvalidSource.
 */
export const readXlsxFiles = (files: readonly string[], sheet: string | undefined): RecordReader => ({
  total: null,
  read: () => numbered(read(files, sheet)),
})

async function* read(files: readonly string[], sheet: string | undefined): AsyncGenerator<Fields[]> {
  for (const file of files) {
    await requireSmall(file)
    const rows = await sheetOf(file, sheet)
    const [head = [], ...records] = rows
    const names = head.map((cell, at) => textOf(cell) || `column${at + 1}`)
    if (head.every((cell) => cell === null))
      throw refusal(`${file} does not begin with a line of names`, 'write the names of the columns into its first line')
    if (new Set(names).size !== names.length)
      throw refusal(`${file} has two columns of one name`, 'give every column its own name')
    for (let from = 0; from < records.length; from += 512)
      yield records
        .slice(from, from + 512)
        .filter((cells) => cells.some((cell) => cell !== null))
        .map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at] ?? null])))
  }
}

const textOf = (cell: unknown): string =>
  typeof cell === 'string' ? cell.trim() : typeof cell === 'number' ? String(cell) : ''

type Rows = unknown[][]

async function sheetOf(file: string, wanted: string | undefined): Promise<Rows> {
  const sheets = await readXlsx(file).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  const filled = sheets.filter(({ data }) => data.length > 0)
  const names = filled.map(({ sheet }) => sheet)
  const chosen = wanted === undefined ? filled : filled.filter(({ sheet }) => sheet === wanted)
  const [only] = chosen
  if (only && chosen.length === 1) return only.data
  throw refusal(
    wanted === undefined
      ? `${file} has ${filled.length} sheets with rows: ${names.join(', ')}`
      : `${file} has no sheet "${wanted}"; it has ${names.join(', ')}`,
    `name one: --split "${(wanted === undefined ? null : didYouMean(wanted, names)) ?? names[0] ?? 'NAME'}"`,
  )
}

/** Looks at the sizes that the workbook's own list states, before anything is unpacked. */
async function requireSmall(file: string): Promise<void> {
  const { size } = await stat(file)
  let unpacked = 0
  try {
    const zip = await openPromise(file)
    try {
      for await (const entry of zip.eachEntry()) unpacked += entry.uncompressedSize
    } finally {
      zip.close()
    }
  } catch (error) {
    throw unreadable(file, error)
  }
  if (size > limits.bytes || unpacked > limits.unpacked)
    throw refusal(`${file} has ${size} bytes, ${unpacked} unpacked: too many for a workbook`, 'save it as CSV')
}

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })

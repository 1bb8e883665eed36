import { lineOfRow } from '../rows/row-line.ts'
import type { ExportFormat } from './format.ts'

/**
 * Lines that `hone import` and `hone step` read back. The pictures lie in a folder beside the file.
 */
export const jsonl: ExportFormat = {
  kinds: ['rows'],
  images: ['copy', 'link'],
  takesDropped: true,
  // Hone reads the lines back, and a picture's hash is the hash of its file.
  shows: 'files',
  record: (row) => {
    const { images: _, ...line } = lineOfRow(row, row.images)
    const dropped = row.status === 'kept' ? {} : { status: row.status, reason: row.reason }
    return { row: { fields: { ...line, ...dropped }, images: row.images } }
  },
  columns: () => null,
  pictureFields: 'bytes',
  saysFeatures: false,
  extras: () => ({}),
  usage: ({ files }, folder) => [`hone import ${folder}/${files[0]?.path} --as NAME`],
}

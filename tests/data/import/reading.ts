import { prepareImport } from '../../../client/prepare-import.ts'
import type { Prepared, PrepareOptions } from '../../../client/prepare-import.ts'
import { readyRows } from '../../../data/import/import-rows.ts'
import type { ReadyRow } from '../../../data/import/import-rows.ts'
import { lookedAtPictures } from '../../../data/import/row-pictures.ts'
import type { SeenPicture } from '../../../data/import/row-pictures.ts'
import { folderOf } from './files.ts'

/** Options of an import that reads local files only. */
export const options = async (): Promise<Omit<PrepareOptions, 'sources'>> => ({
  images: [],
  allowUrls: false,
  unpackBelow: await folderOf(),
})

async function rowsOf(prepared: Prepared): Promise<ReadyRow<SeenPicture>[]> {
  const rows: ReadyRow<SeenPicture>[] = []
  const { source, mapping, places } = prepared
  const pictures = lookedAtPictures({ places })
  for await (const row of readyRows(source.reader, { mapping, pictures })) rows.push(row)
  return rows
}

/** All rows of a source, in short, and the mapping that was guessed. */
export async function read(sources: string | string[], more: Partial<PrepareOptions> = {}) {
  const prepared = await prepareImport({ sources: [sources].flat(), ...(await options()), ...more })
  try {
    const rows = await rowsOf(prepared)
    return { prepared, mapping: prepared.mapping, rows, short: rows.map(inShort) }
  } finally {
    await prepared.close()
  }
}

const inShort = ({ row, sourceId, pictures }: ReadyRow<SeenPicture>) => ({
  id: sourceId,
  question: row.question,
  answer: row.answer,
  pictures: pictures.length,
  ...(row.failure && { failure: row.failure.reason }),
})

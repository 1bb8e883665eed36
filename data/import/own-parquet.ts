import { hfParquet } from '../export/hf-parquet.ts'
import { completeMapping, noPictures } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { ownColumns } from './own-mapping.ts'

const columns = Object.keys(hfParquet.columns('rows') ?? {})

/**
 * The mapping of what `hone export --to hf-parquet` wrote, which is known by its columns; null for
 * other sources. A column counts although the first rows have nothing in it, because later rows
 * may. What has no place in a source row (verdict, status, origin) goes to the metadata.
 */
export function ownParquet(found: readonly string[], hasPictures: boolean): Mapping | null {
  if (!columns.every((column) => found.includes(column))) return null
  return completeMapping({
    ...ownColumns,
    images: hasPictures ? 'images' : noPictures,
    description: 'description',
    trace: 'trace',
  })
}

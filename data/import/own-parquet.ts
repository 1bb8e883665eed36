import { hfParquet } from '../export/hf-parquet.ts'
import { completeMapping, noPictures, type Mapping } from './mapping.ts'

const columns = Object.keys(hfParquet.columns('rows') ?? {})

/**
 * The mapping of what `hone export --to hf-parquet` wrote, known by its columns; null for other sources. A column counts also where
 * the first rows have nothing in it: later ones may. What has no place in a source row (verdict, status, origin) goes to the metadata.
 */
export function ownParquet(found: readonly string[], hasPictures: boolean): Mapping | null {
  if (!columns.every((column) => found.includes(column))) return null
  return completeMapping({
    id: 'id',
    images: hasPictures ? 'images' : noPictures,
    question: 'question',
    answer: 'answer',
    choices: 'choices',
    kind: { column: 'kind' },
    precision: 'precision',
    policy: 'policy',
    description: 'description',
    trace: 'trace',
    metadataFrom: 'metadata',
  })
}

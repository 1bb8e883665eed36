import { join } from 'node:path'
import { manifestFile, nameOf } from '../../data/export/write-export.ts'
import type { Exported } from '../../data/export/write-export.ts'
import { bytes, count } from './figures.ts'

/** What was exported, for people. */
export function exportLines({ manifest, folder, usage: lines, copiedInstead }: Exported): string[] {
  const { counts, files, pictures, dataset } = manifest
  const refused = Object.entries(counts.refused).map(([reason, rows]) => `${reason} ${count(rows)}`)
  const rowFiles = files.filter(({ rows, path }) => rows !== null && path !== 'hone-refused.jsonl')
  const size = rowFiles.reduce((sum, file) => sum + file.bytes, 0)
  return [
    `${count(counts.exported)} rows of ${nameOf(dataset)} in ${folder}`,
    `  ${rowFiles.length === 1 ? rowFiles[0]?.path : `${rowFiles.length} files, ${rowFiles[0]?.path} …`}, ${bytes(size)}`,
    ...(pictures ? [`  ${pictures.folder}/: ${count(pictures.count)} pictures, ${bytes(pictures.bytes)}`] : []),
    ...(copiedInstead > 0 ? [`  ${copiedInstead} pictures lie on another disk and were copied`] : []),
    ...(refused.length > 0 ? [`  left out: ${refused.join(', ')}; each one in hone-refused.jsonl`] : []),
    `  hashes, counts and lineage: ${join(folder, manifestFile)}`,
    '',
    ...lines.map((line) => `  ${line}`),
  ]
}

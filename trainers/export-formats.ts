import type { ExportFormat, ExportKind } from '../data/export/format.ts'
import { hfParquet } from '../data/export/hf-parquet.ts'
import { jsonl } from '../data/export/jsonl.ts'
import { easyr1Export } from './easyr1/export.ts'
import { llamafactoryExport } from './llamafactory/export.ts'
import { swiftExport } from './swift/export.ts'
import { trlExport } from './trl/export.ts'
import { verlExport } from './verl/export.ts'

/**
 * Every format by its name in `--to`: one for each trainer, and the two that Hone itself reads
 * back.
 */
export const formats = {
  llamafactory: llamafactoryExport,
  easyr1: easyr1Export,
  verl: verlExport,
  trl: trlExport,
  swift: swiftExport,
  'hf-parquet': hfParquet,
  jsonl,
} satisfies Readonly<Record<string, ExportFormat>>

export type ExportFormatName = keyof typeof formats

/** Names of the formats that take rows of a kind, in the order of {@link formats}. */
export function formatsOf(kind: ExportKind): string[] {
  const all: [string, ExportFormat][] = Object.entries(formats)
  return all.filter(([, { kinds }]) => kinds.includes(kind)).map(([name]) => name)
}

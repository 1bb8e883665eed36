import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { mappingSchema } from '../data/import/mapping.ts'
import { importFormats } from '../data/import/detect.ts'
import type { FoundSource } from '../data/import/detect.ts'

/** Where an import came from. Homes of earlier versions did not keep it. */
const importOrigin = z.object({
  /** Absolute paths and patterns, as they were named. */
  sources: z.array(z.string()).min(1),
  /** Folders of pictures that were named besides. */
  images: z.array(z.string()),
  split: z.string().nullable(),
  /** Bytes of its files in their order, or of its archive; empty for folders of pictures. */
  bytes: z.array(z.number()),
})

/** How a source was imported: the column `mapping` of the table `imports`. */
export const importSettings = z.object({
  format: z.enum(importFormats),
  mapping: mappingSchema,
  maxRows: z.number().nullable().default(null),
  allowUrls: z.boolean().default(false),
  origin: importOrigin.nullable().default(null),
})
export type ImportSettings = z.infer<typeof importSettings>

/** Bytes of the files that hold a source's rows, in their order. A file that is gone has 0. */
export async function bytesOf({ found, archive }: { found: FoundSource; archive: string | null }): Promise<number[]> {
  if (archive === null && found.format === 'pictures') return []
  const files = archive === null ? found.files : [archive]
  return await Promise.all(files.map(async (file) => (await stat(file).catch(() => null))?.size ?? 0))
}

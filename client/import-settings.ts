import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { mappingSchema } from '../data/import/mapping.ts'
import { importFormats } from '../data/import/detect.ts'
import type { FoundSource } from '../data/import/detect.ts'
import type { AskedSource } from './prepare-import.ts'

const asked = {
  sources: z.array(z.string()).min(1),
  images: z.array(z.string()),
  format: z.enum(importFormats).nullable(),
  split: z.string().nullable(),
  allowMissingShards: z.boolean(),
  allowUrls: z.union([z.literal(false), z.enum(['public', 'local'])]),
} satisfies Record<keyof AskedSource, z.ZodType>

/** Where an import came from. Homes of earlier versions did not keep it. */
const importOrigin = z.object({
  ...asked,
  /** Bytes of its files in their order, or of its archive; empty for folders of pictures. */
  bytes: z.array(z.number()),
})

/** How a source was imported: the column `mapping` of the table `imports`. */
export const importSettings = z.object({
  format: z.enum(importFormats),
  mapping: mappingSchema,
  maxRows: z.number().nullable().default(null),
  allowUrls: z.boolean().default(false),
  // An origin that another version wrote in another form counts as unknown.
  origin: importOrigin.nullable().catch(null),
})
export type ImportSettings = z.infer<typeof importSettings>

/** Bytes of the files that hold a source's rows, in their order. A file that is gone has 0. */
export async function bytesOf({ found, archive }: { found: FoundSource; archive: string | null }): Promise<number[]> {
  if (archive === null && found.format === 'pictures') return []
  const files = archive === null ? found.files : [archive]
  return await Promise.all(files.map(async (file) => (await stat(file).catch(() => null))?.size ?? 0))
}

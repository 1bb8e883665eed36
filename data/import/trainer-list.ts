import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'

const text = z.string().min(1).optional().catch(undefined)

/** An entry of LLaMA-Factory's dataset_info.json, as its documentation names the fields. */
const entry = z.object({
  file_name: z.string().min(1),
  formatting: text,
  columns: z
    .object({ messages: text, images: text, prompt: text, query: text, response: text, system: text })
    .default({}),
  tags: z
    .object({
      role_tag: text,
      content_tag: text,
      user_tag: text,
      assistant_tag: text,
    })
    .default({}),
})

export interface TrainerEntry {
  name: string
  /** Relative to the folder of the list. */
  file: string
  formatting: 'sharegpt' | 'alpaca'
  columns: z.infer<typeof entry>['columns']
  tags: z.infer<typeof entry>['tags']
}

/**
 * The sets that a folder's dataset_info.json lists with files of their own; null where there is no
 * such list. Hugging Face writes another file of this name, which describes one set and lists no
 * file.
 */
export async function readTrainerList(folder: string): Promise<TrainerEntry[] | null> {
  const written = await readFile(join(folder, 'dataset_info.json'), 'utf8').catch(() => null)
  if (written === null) return null
  const json = parseJson(written)
  if (json === undefined) return null
  const sets = z.record(z.string(), z.unknown()).safeParse(json).data ?? {}
  return Object.entries(sets).flatMap(([name, value]) => {
    const { data } = entry.safeParse(value)
    if (!data) return []
    const { file_name: file, formatting, columns, tags } = data
    return [
      {
        name,
        file,
        columns,
        tags,
        formatting: formatting === 'sharegpt' ? ('sharegpt' as const) : ('alpaca' as const),
      },
    ]
  })
}

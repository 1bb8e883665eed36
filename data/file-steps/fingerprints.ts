import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import type { Fingerprint, FingerprintsOf } from '../../domain/rows.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { examineImage } from '../pictures/examine.ts'
import { openAppendLog } from './append-log.ts'
import type { AppendLog } from './append-log.ts'
import { KeyIndex } from './key-index.ts'
import type { Pictures } from './pictures.ts'

const seenPicture = z.object({
  picture: z.string().regex(/^[0-9a-f]{64}$/),
  fingerprint: z.object({ phash: z.string(), dhash: z.string(), pixels: z.string(), spread: z.number() }).nullable(),
})

/** Fingerprints of pictures. Each is taken once. */
export interface Fingerprints {
  of: FingerprintsOf
  close(): Promise<void>
}

/**
 * Takes fingerprints of pictures and keeps them in a log, so that a run that goes on decodes no
 * picture again. Without a path nothing is kept. A picture that cannot be decoded is left out, and
 * that is kept too.
 */
export async function openFingerprints(path: string | undefined, pictures: Pictures): Promise<Fingerprints> {
  const index = new KeyIndex()
  const log: AppendLog | undefined =
    path === undefined
      ? undefined
      : await openAppendLog(path, (text, place) => {
          const found = seenPicture.safeParse(parseJson(text))
          if (found.success) index.set(found.data.picture, place)
        })

  const known = async (hash: string): Promise<Fingerprint | null | undefined> => {
    const place = index.get(hash)
    const found = place && log ? seenPicture.safeParse(parseJson((await log.read([place]))[0] ?? '')) : undefined
    return found?.success === true && found.data.picture === hash ? found.data.fingerprint : undefined
  }

  const take = async (hash: string): Promise<Fingerprint | null> => {
    const before = await known(hash)
    if (before !== undefined) return before
    const fingerprint = await pictures.read(hash).then(look, () => null)
    const [place] = (await log?.append([JSON.stringify({ picture: hash, fingerprint })])) ?? []
    if (place) index.set(hash, place)
    return fingerprint
  }

  return {
    async of(hashes) {
      const distinct = [...new Set(hashes)]
      const taken = await Promise.all(distinct.map(take))
      return new Map(distinct.flatMap((hash, at) => (taken[at] ? [[hash, taken[at]] as const] : [])))
    },
    async close() {
      await log?.close()
    },
  }
}

async function look(bytes: Buffer): Promise<Fingerprint | null> {
  try {
    return (await examineImage(bytes)).fingerprint
  } catch (error) {
    if (error instanceof RowProblem) return null
    throw error
  }
}

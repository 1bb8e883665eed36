import { counted } from './count.ts'
import type { KnownRows } from './known.ts'

/**
 * Says how many rows of a source training leaves out, by reason, the most frequent first; null when
 * it takes all that were looked at.
 */
export function leftOutText(source: string, known: KnownRows | undefined): string | null {
  const { problems = {}, unseenPictures = 0 } = known ?? {}
  const reasons = Object.entries(problems).sort(([, a], [, b]) => b - a)
  const unseen = `${counted(unseenPictures)} pictures of ${source} were not looked at; an import counts them all`
  if (reasons.length === 0) return unseenPictures === 0 ? null : unseen
  const told = reasons.map(([reason, rows]) => `${reason} ${counted(rows)}`).join(', ')
  return `training leaves rows of ${source} out: ${told} (docs/pictures.md)${unseenPictures === 0 ? '' : `; ${unseen}`}`
}

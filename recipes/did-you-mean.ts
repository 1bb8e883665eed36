import { editDistance } from '../domain/edit-distance.ts'

/**
 * The known name that is most like a misspelt name, or null. The two may differ by one typing
 * error, or by as many as a third of the known name's length.
 */
export function didYouMean(written: string, known: Iterable<string>): string | null {
  let best: { name: string; distance: number } | null = null
  for (const name of known) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase(), { swaps: true })
    if (distance <= Math.max(1, Math.floor(name.length / 3)) && (!best || distance < best.distance))
      best = { name, distance }
  }
  return best?.name ?? null
}

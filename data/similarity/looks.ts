import type { Fingerprint } from '../../domain/rows.ts'
import { createHammingIndex, hammingDistance } from './hamming-index.ts'

/** When two pictures count as one picture. */
export interface LooksThreshold {
  /** Bits of the perceptual hash that may differ when the difference hash is close too. */
  maxDistance: number
  /** Bits of the perceptual hash that may differ whatever the difference hash says. */
  sureDistance: number
  /**
   * Pictures with less spread are blank. Hashes say nothing about blank pictures, so only equal
   * pixels make them alike.
   */
  minSpread: number
}

/** A picture of the collection that looks like the searched picture. */
export interface LookMatch {
  look: number
  /** `exact`: the same file or the same pixels. */
  how: 'exact' | 'near'
  /** Differing bits of the perceptual hashes. */
  distance: number
  isBlank: boolean
}

/** Different pictures, each once. */
export interface Looks {
  /**
   * Adds a picture and returns its number. The same file, or the same pixels in another file, has
   * the same number.
   */
  add(file: string, fingerprint: Fingerprint | undefined): number
  /**
   * The same picture and the pictures that look like it: exact first, then by distance and number.
   */
  find(file: string, fingerprint: Fingerprint | undefined): LookMatch[]
}

/**
 * Up to this many differing bits two difference hashes are close. Measured with the usual limits (8
 * and 4). Of 1,500 line drawings of triangles on white, 5 in a million pairs look alike although
 * they differ; with 4 bits it would be 29. 60 of the drawings, and 60 scenes of 336 pixels, were
 * all found again at half and twice the size, cut by a pixel, as JPEG 20 and as AVIF 40.
 */
const closeDifference = 2

/**
 * An empty collection. Two pictures look alike when their perceptual hashes differ in at most
 * `sureDistance` bits. Up to `maxDistance` bits they look alike when their difference hashes also
 * differ in at most 2 bits. Pictures without a fingerprint are compared only by the hashes of their
 * files. Memory: about 400 bytes a picture.
 */
export function createLooks({ maxDistance, sureDistance, minSpread }: LooksThreshold): Looks {
  const byFile = new Map<string, number>()
  const byPixels = new Map<string, number>()
  const index = createHammingIndex(maxDistance)
  /** Picture and difference hash of each entry of the index, by the index's number. */
  const hashed: { look: number; dhash: string }[] = []
  const blank = new Set<number>()
  let count = 0

  const idOf = (file: string, fingerprint: Fingerprint | undefined): number | undefined =>
    byFile.get(file) ?? (fingerprint && byPixels.get(fingerprint.pixels))
  const isBlank = (fingerprint: Fingerprint | undefined) => fingerprint !== undefined && fingerprint.spread < minSpread

  return {
    add(file, fingerprint) {
      const known = idOf(file, fingerprint)
      const look = known ?? count++
      byFile.set(file, look)
      if (!fingerprint || byPixels.has(fingerprint.pixels)) return look
      byPixels.set(fingerprint.pixels, look)
      if (isBlank(fingerprint)) blank.add(look)
      else {
        index.add(fingerprint.phash)
        hashed.push({ look, dhash: fingerprint.dhash })
      }
      return look
    },
    find(file, fingerprint) {
      const exact = idOf(file, fingerprint)
      const matches: LookMatch[] =
        exact === undefined ? [] : [{ look: exact, how: 'exact', distance: 0, isBlank: blank.has(exact) }]
      if (!fingerprint || isBlank(fingerprint)) return matches
      for (const { id, distance } of index.near(fingerprint.phash)) {
        const near = hashed[id]
        if (near === undefined || near.look === exact) continue
        if (distance > sureDistance && hammingDistance(near.dhash, fingerprint.dhash) > closeDifference) continue
        matches.push({ look: near.look, how: 'near', distance, isBlank: false })
      }
      return matches
    },
  }
}

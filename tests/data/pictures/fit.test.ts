import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitToPatches } from '../../../data/pictures/fit.ts'

describe('fitting a picture to patches', () => {
  // The results of smart_resize of transformers, worked out by hand from its formula.
  it.each([
    [1600, 1200, { maxPixels: 1_003_520, patch: 28 }, 1148, 840],
    [1600, 1200, { maxPixels: 1_003_520, patch: 32 }, 1152, 864],
    [640, 480, { maxPixels: 1_003_520, patch: 28 }, 644, 476],
    [640, 480, { maxPixels: 1_003_520, patch: 32 }, 640, 480],
    // Python rounds a half to the even neighbour: 1.5 and 2.5 patches both become 2.
    [42, 70, { maxPixels: 1_003_520, patch: 28 }, 56, 56],
    [10, 10, { maxPixels: 1_003_520, minPixels: 3136, patch: 28 }, 56, 56],
    [100, 20, { maxPixels: 1_003_520, minPixels: 3136, patch: 28 }, 112, 28],
    [60, 20, { maxPixels: 1_003_520, minPixels: 3136, patch: 28 }, 112, 56],
    [10, 10, { maxPixels: 1_003_520, patch: 28 }, 28, 28],
  ])('%i × %i within %o becomes %i × %i', (width, height, limits, toWidth, toHeight) => {
    expect(fitToPatches(width, height, limits)).toEqual({ width: toWidth, height: toHeight })
  })

  it('refuses a picture over 200 times as long as wide', () => {
    expect(fitToPatches(200, 1, { maxPixels: 1e6, patch: 28 })).toEqual({ width: 196, height: 28 })
    for (const [width, height] of [
      [201, 1],
      [3, 601],
    ] as const)
      expect(() => fitToPatches(width, height, { maxPixels: 1e6, patch: 28 })).toThrow(
        expect.objectContaining({ reason: 'image-too-flat' }),
      )
  })

  const side = fc.integer({ min: 100, max: 20_000 })
  const patch = fc.constantFrom(28, 32)

  it('keeps any shape within the limit in whole patches, and a second fit changes nothing', () => {
    fc.assert(
      fc.property(side, side, patch, fc.integer({ min: 1024, max: 4_000_000 }), (width, height, patch, maxPixels) => {
        const fit = fitToPatches(width, height, { maxPixels, patch })
        expect(fit.width * fit.height).toBeLessThanOrEqual(maxPixels)
        expect([fit.width % patch, fit.height % patch]).toEqual([0, 0])
        fc.pre(Math.max(fit.width, fit.height) <= 200 * Math.min(fit.width, fit.height))
        expect(fitToPatches(fit.width, fit.height, { maxPixels, patch })).toEqual(fit)
      }),
    )
  })

  it('keeps the shape to less than a patch on each side, if the picture is much larger than a patch', () => {
    fc.assert(
      fc.property(side, side, patch, (width, height, patch) => {
        fc.pre(Math.max(width, height) < 10 * Math.min(width, height))
        const fit = fitToPatches(width, height, { maxPixels: 1_003_520, patch })
        const scale = Math.min(1, Math.sqrt(1_003_520 / (width * height)))
        expect(Math.abs(fit.width - width * scale)).toBeLessThan(patch)
        expect(Math.abs(fit.height - height * scale)).toBeLessThan(patch)
      }),
    )
  })
})

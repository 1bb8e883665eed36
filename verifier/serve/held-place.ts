import type { LimitFunction } from 'p-limit'

/**
 * Waits for a place of the limit, in the order of coming. The place is held until the promise of
 * `release` resolves, while the caller goes on.
 */
export const takePlace = (places: LimitFunction, release: () => Promise<void>): Promise<void> =>
  new Promise((entered) => {
    void places(() => {
      entered()
      return release()
    })
  })

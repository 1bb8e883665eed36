import { setImmediate } from 'node:timers/promises'

/** Milliseconds: long enough that the turns cost nothing, far shorter than any timer here. */
const sliceMs = 5

/**
 * For work that computes and waits for nothing: a function to await before each piece of it. It
 * lets timers and the network run whenever 5 ms have gone since they last did, so that heartbeats
 * go on. The pool of verifier/serve was rejected for this: it ends a thread in the middle of a
 * row, but every rule counts its own steps, which bounds a case at about 20 ms.
 */
export function createTurns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < sliceMs) return
    await setImmediate()
    began = performance.now()
  }
}

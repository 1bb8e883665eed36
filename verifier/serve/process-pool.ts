import type { VerifyCase } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import { createVerifierPool } from './pool.ts'
import type { VerifierPool } from './pool.ts'

let pool: VerifierPool | undefined
let waiting = 0
let hold: NodeJS.Timeout | undefined
/** Milliseconds; the timer does nothing but hold the process. */
const longTime = 2 ** 30

/**
 * Verifies one case in this process's pool of threads, which starts with the first case. Data
 * steps, evaluations and the reward server judge alike: a case that takes longer than the pool's
 * limit, or takes its thread down, is `unverifiable (timed-out)`. The process ends with the pool
 * open: the pool holds the process only while a case waits. Throws HoneError when threads cannot
 * start.
 */
export async function verifyInPool(row: VerifyCase): Promise<VerifiedCase> {
  pool ??= createVerifierPool({ holdsProcess: false })
  const used = pool
  if (waiting++ === 0) hold = setInterval(() => undefined, longTime)
  try {
    const [verified] = await used.verifyTexts([row])
    if (verified === undefined) throw new Error('the pool gave no verdict')
    return verified
  } catch (error) {
    // The next case may find a machine on which threads start again.
    if (pool === used) pool = undefined
    throw error
  } finally {
    if (--waiting === 0) clearInterval(hold)
  }
}

import { serveThread } from '../../verifier/serve/thread-loop.ts'
import { verifiedCase } from '../../verifier/verify.ts'

/**
 * FakeVerifier: a thread of the pool that hangs, throws, leaks or dies on rows that name such a
 * failure. It verifies all other rows.
 */
const kept: number[][] = []

serveThread((row) => {
  if (row.answer.includes('FAKE-HANG')) for (;;) kept.length = 0
  if (row.answer.includes('FAKE-THROW')) throw new RangeError('a rule that breaks')
  if (row.answer.includes('FAKE-LEAK')) for (;;) kept.push(Array.from({ length: 100_000 }, (_, i) => i))
  if (row.answer.includes('FAKE-EXIT')) process.exit(3)
  if (row.answer.includes('FAKE-SLOW')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  return verifiedCase(row)
})

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sideBySide } from '../../services/stack/side-by-side.ts'

const never = new AbortController().signal

/** Runs until its signal, then takes a moment to clean up. */
async function untilAborted(signal: AbortSignal, onEnd: () => void): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await sleep(20)
  onEnd()
  throw signal.reason
}

test('parts run side by side, and a part may wait for another', async () => {
  const events: string[] = []
  const result = await sideBySide(never, async (start) => {
    const one = start(async () => {
      events.push('one begins')
      await sleep(10)
      events.push('one ends')
      return 1
    })
    const two = start(async () => {
      events.push('two begins')
      return (await one) + 1
    })
    return await two
  })
  expect(result).toBe(2)
  expect(events).toEqual(['one begins', 'two begins', 'one ends'])
})

test('the first failure is thrown unchanged, after all other parts have cleaned up', async () => {
  const failure = new Error('no network')
  let cleaned = false
  const running = sideBySide(never, async (start) => {
    const python = start(async () => {
      await sleep(5)
      throw failure
    })
    const dependent = start(async () => {
      await python
    })
    void start((signal) => untilAborted(signal, () => (cleaned = true))).catch(() => undefined)
    await dependent
  })
  await expect(running).rejects.toBe(failure)
  expect(cleaned).toBe(true)
})

test('a failure of a part that no part waits for yet ends the others', async () => {
  const running = sideBySide(never, async (start) => {
    void start(() => Promise.reject(new Error('port is taken')))
    await start((signal) => untilAborted(signal, () => undefined))
  })
  await expect(running).rejects.toThrow('port is taken')
})

test('the outer signal ends all parts, calls onAbort once and starts no other part', async () => {
  const outer = new AbortController()
  let helped = 0
  let late = false
  const running = sideBySide(
    outer.signal,
    async (start) => {
      const waiting = start((signal) => untilAborted(signal, () => undefined))
      outer.abort(new Error('Ctrl-C'))
      await start(async () => (late = true))
      await waiting
    },
    () => (helped += 1),
  )
  await expect(running).rejects.toThrow('Ctrl-C')
  expect({ helped, late }).toEqual({ helped: 1, late: false })
})

test('a part that no part waited for has ended when the whole returns', async () => {
  let ended = false
  await sideBySide(never, async (start) => {
    void start(async () => {
      await sleep(20)
      ended = true
    })
  })
  expect(ended).toBe(true)
})

/** Starts a part beside the running parts. Its signal ends it when another part fails. */
export type StartPart = <Result>(part: (signal: AbortSignal) => Promise<Result>) => Promise<Result>

/**
 * Runs parts that do not need each other side by side. `work` starts them and waits for what it
 * needs; a part may wait for another. The first failure, or the outer signal, aborts all parts.
 * Returns or throws only after every part has ended, so that no part goes on while the
 * caller cleans up. `onAbort` is called once, before the wait: it ends what hears no signal.
 *
 * Throws the first failure whole, and not the aborts that it caused in other parts.
 */
export async function sideBySide<Result>(
  outer: AbortSignal,
  work: (start: StartPart, signal: AbortSignal) => Promise<Result>,
  onAbort: () => void = () => {},
): Promise<Result> {
  const abort = new AbortController()
  const fail = (error: unknown): void => {
    if (abort.signal.aborted) return
    abort.abort(error)
    onAbort()
  }
  const onOuter = (): void => fail(outer.reason)
  outer.addEventListener('abort', onOuter, { once: true })
  if (outer.aborted) onOuter()

  const parts: Promise<unknown>[] = []
  const start: StartPart = (part) => {
    const running = (async () => {
      abort.signal.throwIfAborted()
      return await part(abort.signal)
    })()
    // Noted at once: a part that waits for this part is about to fail too, with the same error.
    const noted = running.catch(fail)
    parts.push(noted)
    return running
  }
  try {
    const result = start(() => work(start, abort.signal))
    result.catch(() => undefined)
    // A part may start another, which this loop meets in its turn.
    for (const part of parts) await part
    abort.signal.throwIfAborted()
    return await result
  } finally {
    outer.removeEventListener('abort', onOuter)
  }
}

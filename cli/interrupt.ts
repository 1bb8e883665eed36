import { Interrupted } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs work under a signal that Ctrl-C or SIGTERM aborts, and waits until the work has cleaned up.
 * After a second Ctrl-C it only says that the cleaning up is under way. It never cuts the cleaning
 * up short: processes would be left behind.
 */
export async function untilInterrupted<Result>(
  terminal: Pick<Terminal, 'stderr'>,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) terminal.stderr.write('stopping, a moment …\n')
    controller.abort(new Interrupted('interrupted'))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, interrupt)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of signals) process.removeListener(name, interrupt)
  }
}

import { Context } from '@temporalio/activity'

/** Warnings that this process has logged. Shards of one step have the same warnings. */
const logged = new Set<string>()
const mostRemembered = 1000

/**
 * Logs warnings of an engine, each once in the life of the worker. The log line names the activity.
 */
export function activityWarnings(): (message: string) => void {
  // Taken here: an engine may warn in the callback of another activity.
  const { log } = Context.current()
  return (message) => {
    if (logged.has(message)) return
    if (logged.size >= mostRemembered) logged.clear()
    logged.add(message)
    log.warn(message)
  }
}

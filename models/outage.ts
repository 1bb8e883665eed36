import { Outage } from './failures.ts'
import type { Replica } from './replica.ts'

/** What requests of an endpoint wait for. Times are for people to read. */
export interface Waiting {
  /** URLs of the replicas that are away. */
  urls: readonly string[]
  /** What the servers said last. */
  detail: string
  since: Date
  /** When the wait ends with an {@link Outage}, if no call succeeds before. */
  until: Date
}

/** An outage of all replicas of an endpoint. */
export interface OutageState extends Omit<Waiting, 'since' | 'until'> {
  downForMs: number
  /** Milliseconds until the outage is given up; 0 or less when it must be given up. */
  leftMs: number
  /** Milliseconds until the servers take calls again, if they said so. */
  asksForMs: number
  /** Whether the servers take no call for longer than an outage is waited for. */
  isLong: boolean
}

interface Look {
  now: number
  /** An outage is waited for so long. */
  limitMs: number
  /** Milliseconds for which the endpoint's own rate limit takes no call. */
  heldMs: number
  /** Milliseconds for which requests have been under way. */
  busyForMs: number
  detail: string
}

// A server that asks for one short pause after another works, and is busy. But no wait is endless.
const longestBusyMs = 3_600_000

/** The outage at the time `now`; null while a replica works. */
export function outageNow(
  replicas: readonly Replica[],
  { now, limitMs, heldMs, busyForMs, detail }: Look,
): OutageState | null {
  const urls = replicas.map(({ url }) => url)
  if (heldMs > limitMs) return { urls, detail, downForMs: 0, leftMs: 0, asksForMs: heldMs, isLong: true }
  if (replicas.length === 0 || replicas.some(({ isAway }) => !isAway)) return null
  const downForMs = Math.min(...replicas.map((replica) => replica.downForMs(now)))
  const deadForMs = Math.min(...replicas.map((replica) => replica.deadForMs(now)))
  const asksForMs = Math.min(...replicas.map((replica) => replica.asksForMs(now)))
  // A pause that lasts longer than the limit is no reason to wait until the limit.
  const isLong = asksForMs > limitMs
  const patienceMs = Math.max(limitMs, longestBusyMs)
  const leftMs = Math.min(limitMs - Math.min(downForMs, busyForMs), patienceMs - Math.min(deadForMs, busyForMs))
  return { urls, detail, downForMs: deadForMs, leftMs: isLong ? 0 : leftMs, asksForMs, isLong }
}

/** The outage for people to read. `now` is in milliseconds since 1970. */
export const waitingOf = ({ urls, detail, downForMs, leftMs }: OutageState, now: number): Waiting => ({
  urls,
  detail,
  since: new Date(now - downForMs),
  until: new Date(now + Math.max(0, leftMs)),
})

/** `2026-12-01 14:32 UTC` */
export const utcMinute = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const saidOf = (detail: string): string => (detail === '' ? '' : `: ${detail}`)

/** The error that ends the wait. `now` is in milliseconds since 1970. */
export function outageOf({ urls, detail, downForMs, asksForMs, isLong }: OutageState, now: number): Outage {
  const said = saidOf(detail)
  const where = urls.join(', ')
  const retryAt = asksForMs > 0 ? new Date(now + asksForMs) : undefined
  if (retryAt && isLong)
    return new Outage(`${where} takes no call before ${utcMinute(retryAt)}${said}. The rows are tried again then.`, {
      retryAt,
    })
  const seconds = Math.round(downForMs / 1000)
  return new Outage(
    `${where} has answered nothing for ${seconds} s${said}. ` +
      'Check that the model server runs and that the recipe has its right URL; the rows are tried again.',
    { retryAt },
  )
}

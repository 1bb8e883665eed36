import type { Progress, Reading } from '../../data/file-steps/progress.ts'
import { waitText } from '../../models/wait.ts'
import type { Terminal } from '../terminal.ts'
import { plainText } from '../../domain/plain-text.ts'
import { control } from '../../services/safe-output.ts'

/**
 * Rates of a run, beside its counts. They are measured over the last seconds, so that a pause
 * shows.
 */
export interface Rates {
  rowsPerSecond: number
  tokensPerSecond: number
  /** Seconds; null while no rate is known. */
  left: number | null
}

interface Look {
  at: number
  worked: number
  tokens: number
}

const rateSeconds = 20

/**
 * Rates over the last twenty seconds. Rows that earlier runs have done count neither for rates nor
 * for the time left.
 */
export function createRates(): (reading: Reading, now: number) => Rates {
  const looks: Look[] = []
  return (reading, now) => {
    const { total, done, found, promptTokens, completionTokens } = reading
    const look = { at: now, worked: done - found, tokens: promptTokens + completionTokens }
    looks.push(look)
    while (looks.length > 2 && now - (looks[0]?.at ?? now) > rateSeconds * 1000) looks.shift()
    const first = looks[0] ?? look
    const seconds = (now - first.at) / 1000
    if (seconds <= 0) return { rowsPerSecond: 0, tokensPerSecond: 0, left: null }
    const rowsPerSecond = (look.worked - first.worked) / seconds
    return {
      rowsPerSecond,
      tokensPerSecond: (look.tokens - first.tokens) / seconds,
      left: rowsPerSecond > 0 ? Math.max(0, total - done) / rowsPerSecond : null,
    }
  }
}

/**
 * The state in one line; a narrow terminal cuts off its end:
 * `1,234 of 2,000 rows · 61.7 rows/s · 0:12 left · 3 failed (http-500 2, timeout 1) · cost 0.42`
 */
export function progressLine(reading: Reading, { rowsPerSecond, tokensPerSecond, left }: Rates): string {
  const { total, done, failed, failures, cost, paid, reused, waiting } = reading
  if (total === 0) return 'reading the input'
  if (waiting) return `${number(done)} of ${number(total)} rows · ${waitText(waiting, localMinute)}`
  const asks = paid + reused > 0
  return [
    `${number(done)} of ${number(total)} rows`,
    `${number(rowsPerSecond, rowsPerSecond < 100 ? 1 : 0)} rows/s`,
    ...(left === null || done === total ? [] : [`${duration(left)} left`]),
    ...(failed === 0 ? [] : [`${number(failed)} failed (${reasonsOf(failures)})`]),
    ...(cost === null ? [] : [`cost ${money(cost)}`]),
    ...(asks ? [`${number(tokensPerSecond)} tokens/s`] : []),
  ].join(' · ')
}

/** The time of this machine. A time that is not today has its date. */
function localMinute(time: Date): string {
  const minute = time.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  const day = time.toLocaleDateString('sv-SE')
  return day === new Date().toLocaleDateString('sv-SE') ? minute : `${day} ${minute}`
}

/** The most frequent reasons, and how often each came. */
export function reasonsOf(reasons: Readonly<Record<string, number>>, most = 4): string {
  const sorted = Object.entries(reasons).sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
  const shown = sorted.slice(0, most).map(([reason, count]) => `${reason} ${number(count)}`)
  return [...shown, ...(sorted.length > most ? ['…'] : [])].join(', ')
}

export const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

export const money = (amount: number): string => number(amount, amount < 1 ? 4 : 2)

/** `0:42`, `1:05:09`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const [hours = 0, ...rest] = parts
  const shown = hours > 0 ? parts : rest
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/**
 * Shows the progress until it is told to end: a live line on a terminal, or a line every fifteen
 * seconds elsewhere.
 */
export function showProgress({ stderr }: Pick<Terminal, 'stderr'>, label: string, progress: Progress): () => void {
  const rates = createRates()
  const isLive = stderr.isTTY === true
  const began = performance.now()
  const draw = (): void => {
    const reading = progress.read()
    const line = `${label}: ${progressLine(reading, rates(reading, performance.now()))}`
    if (isLive) control(stderr, `\r\u001B[2K${plainText(line).slice(0, (stderr.columns || 120) - 1)}`)
    else stderr.write(`${line}\n`)
  }
  rates(progress.read(), began)
  const timer = setInterval(draw, isLive ? 250 : 15_000)
  timer.unref()
  return () => {
    clearInterval(timer)
    if (isLive) control(stderr, '\r\u001B[2K')
  }
}

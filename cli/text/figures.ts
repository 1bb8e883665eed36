import { percent } from '../../domain/percent.ts'

/** What a cell holds where there is nothing to show. */
export const nothing = '—'

/**
 * A whole number with thousands marked: 12,345. Not toLocaleString: the machine's locale would show
 * through.
 */
export const count = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')

/** A number of a metric in few characters: 0.0123, 61.3, 4e-5. */
export function figure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  return String(Number(value.toPrecision(3)))
}

/** An accuracy with its 95 % interval, all fractions: 61.2 % [58.1, 64.2]. */
export const interval = (score: { accuracy: number; low: number; high: number }): string =>
  `${percent(score.accuracy)} [${(100 * score.low).toFixed(1)}, ${(100 * score.high).toFixed(1)}]`

/** Seconds as people say them: 8.4 s, 45 s, 3 min 05 s, 2 h 14 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (part: number): string => String(part).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** Bytes in decimal units: 6.1 MB. */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return step === 0 ? `${value} bytes` : `${(value / 1000 ** step).toFixed(1)} ${units[step]}`
}

/** The first characters of a content hash: enough to name it to `hone lineage`. */
export const shortHash = (hash: string): string => hash.slice(0, 10)

/** A moment in the time of the machine: 2026-03-01 14:05:09. */
export function clock(at: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`
}

/**
 * At most `width` characters of one line, with … where something was cut. Line breaks become
 * spaces.
 */
export function clip(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

/** A column of a {@link table}: its heading and on which side its cells stand. */
export interface Column {
  head: string
  align?: 'left' | 'right'
}

/** What stands where there is nothing to show. */
export const nothing = '—'

/** An aligned table, one line a row under its headings; no line ends in spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map(({ head }) => head), ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)))
  return lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? ''
        return align === 'right' ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Names and values under each other: `head    round 2`. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd())
}

/** A whole number with thousands marked: 12,345. Its own code, so that no locale of the machine shows through. */
export const count = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')

/** A number of a metric in few characters: 0.0123, 61.3, 4e-5. */
export function figure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  return String(Number(value.toPrecision(3)))
}

/** A fraction as a percentage: 61.2 %. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

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

/** At most `width` characters of one line, with … where something was cut. Line breaks become spaces. */
export function clip(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A curve in one line of at most `width` characters, each the mean of its share of the values. Empty for no values. */
export function sparkline(values: readonly number[], width = 40): string {
  const size = Math.min(width, values.length)
  const means = Array.from({ length: size }, (_, index) => {
    const from = Math.floor((index * values.length) / size)
    const share = values.slice(from, Math.floor(((index + 1) * values.length) / size))
    return share.reduce((sum, value) => sum + value, 0) / share.length
  })
  const low = Math.min(...means)
  const span = Math.max(...means) - low
  return means.map((mean) => blocks[span === 0 ? 0 : Math.min(7, Math.floor((8 * (mean - low)) / span))]).join('')
}

/** Something with parts, as text. */
export interface TextTree {
  text: string
  children: readonly TextTree[]
}

/** A tree with its branches drawn, one line a node; further lines of a node's text are indented under it. */
export function drawTree({ text, children }: TextTree): string[] {
  const own = text
    .split('\n')
    .map((line, index) => (index === 0 ? line : `${children.length > 0 ? '│ ' : '  '}${line}`))
  const parts = children.flatMap((child, index) => {
    const isLast = index === children.length - 1
    return drawTree(child).map((line, nth) => {
      if (nth === 0) return `${isLast ? '└─' : '├─'} ${line}`
      return `${isLast ? '  ' : '│ '} ${line}`
    })
  })
  return [...own, ...parts]
}

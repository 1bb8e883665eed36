/** A column of a {@link table}: its heading, and the side to which its cells are aligned. */
export interface Column {
  head: string
  align?: 'left' | 'right'
}

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

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/**
 * A curve in one line of at most `width` characters. Each character is the mean of its share of the
 * values. Empty for no values.
 */
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

/**
 * A tree with its branches drawn, a line for each node. Further lines of a node's text are indented
 * under the first.
 */
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

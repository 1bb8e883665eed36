/** The lines as a Markdown table. Columns are in the order of their first use. */
export function table(lines: readonly Readonly<Record<string, number | string>>[]): string {
  const columns = [...new Set(lines.flatMap((line) => Object.keys(line)))]
  const cells = [columns, ...lines.map((line) => columns.map((column) => shown(line[column])))]
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)))
  const row = (texts: readonly string[]) => `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = cells
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...body.map(row)].join('\n')
}

const shown = (value: number | string | undefined): string =>
  value === undefined
    ? ''
    : typeof value === 'number'
      ? value.toLocaleString('en-US')
      : value.replaceAll('|', '¦').replace(/\s+/g, ' ')

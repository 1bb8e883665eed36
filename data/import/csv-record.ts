/**
 * What begins at a place of a CSV text: a record, a quote that breaks the rules, or a record whose
 * end is not in the text yet.
 */
export type CsvCut =
  | { is: 'record'; cells: string[]; end: number; closing: number }
  | { is: 'fault'; why: string }
  | { is: 'unended' }

/**
 * Cuts one record out of a text (RFC 4180). `end` is the place after its line break. `closing` is
 * the place of the last quote that ended a cell after a line break, else -1. Inside a cell without
 * quotes a quote is an ordinary character. `isWhole` says that nothing follows the text.
 */
export function cutRecord(text: string, from: number, delimiter: string, isWhole: boolean): CsvCut {
  const cells: string[] = []
  let at = from
  let closing = -1
  let lineEnd = -1
  for (;;) {
    if (text[at] === '"') {
      const end = closingQuote(text, at, isWhole)
      if (end === 'unended') return { is: 'unended' }
      if (end === 'missing') return { is: 'fault', why: 'a quote opens here and is never closed' }
      const cell = text.slice(at + 1, end)
      if (cell.includes('\n')) closing = end
      cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell)
      at = end + 1
    } else {
      if (lineEnd < at) lineEnd = text.indexOf('\n', at)
      if (lineEnd < 0 && !isWhole) return { is: 'unended' }
      const limit = lineEnd < 0 ? text.length : lineEnd
      const next = text.indexOf(delimiter, at)
      const end = next >= 0 && next < limit ? next : limit
      cells.push(text.slice(at, end === limit && text[end - 1] === '\r' && end > at ? end - 1 : end))
      at = end
    }
    if (at >= text.length) return { is: 'record', cells, end: at, closing }
    if (text[at] === delimiter) at++
    else {
      const past = text[at] === '\r' ? at + 1 : at
      if (past >= text.length) return isWhole ? { is: 'record', cells, end: past, closing } : { is: 'unended' }
      if (text[past] === '\n') return { is: 'record', cells, end: past + 1, closing }
      return {
        is: 'fault',
        why: 'a quote opens here and is not closed at the end of a cell (a quote inside a quoted cell is written twice)',
      }
    }
  }
}

function closingQuote(text: string, open: number, isWhole: boolean): number | 'missing' | 'unended' {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at)
    if (at < 0) return isWhole ? 'missing' : 'unended'
    if (at + 1 >= text.length && !isWhole) return 'unended'
    if (text[at + 1] !== '"') return at
  }
}

/** Records that the looks of a file's columns are learned from. */
const learned = 200
/** With fewer records a column's looks may be chance. */
const leastLearned = 5

/**
 * How the cells of each column look in a file: `9.a` for `17.png`. Columns whose cells all look
 * alike show whether a line is a record of the file, or the inside of a quoted cell.
 */
export class CsvLooks {
  private readonly looks: (string | null)[] = []
  private records = 0

  learn(cells: readonly string[]): void {
    if (this.records === learned) return
    for (const [index, cell] of cells.entries()) {
      const look = lookOf(cell)
      if (this.records === 0) this.looks[index] = look
      else if (this.looks[index] !== look) this.looks[index] = null
    }
    this.records++
  }

  /**
   * Whether cells look like a record: as many as half of the columns that always look alike do so
   * here, and one of them has a number or a mark in its place.
   */
  fit(cells: readonly string[]): boolean {
    if (this.records < leastLearned) return false
    const alike = this.looks.flatMap((look, index) => (look === null ? [] : [{ look, cell: cells[index] ?? '' }]))
    const fitting = alike.filter(({ look, cell }) => look === lookOf(cell))
    return fitting.length * 2 >= alike.length && fitting.some(({ look }) => /[^a ]/.test(look))
  }
}

const lookOf = (cell: string): string =>
  cell
    .slice(0, 64)
    .replaceAll(/\d+/g, '9')
    .replaceAll(/[A-Za-z\u0080-\u00ff]+/g, 'a')

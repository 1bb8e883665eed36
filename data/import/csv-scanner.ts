import { CsvLooks, cutRecord } from './csv-record.ts'
import type { CsvCut } from './csv-record.ts'

/** A record of a CSV file, or a line that is not one, with the number of its first line. */
export type CsvPart = { line: number; cells: string[] } | { line: number; why: string; text: string }

export interface CsvShape {
  delimiter: string
  columns: number
}

/** Characters of the longest record: a cell may hold a picture in base64. */
export const longestRecord = 64 * 1024 * 1024

/** Characters that were passed are dropped from memory when they are so many. */
const forgetAfter = 1024 * 1024

const countProblem = (columns: number, found: number): string =>
  `Expected Number of Columns: ${columns} Found: ${found}`

/**
 * Cuts a CSV text into records. The text comes in pieces, as Latin-1: a character a byte.
 *
 * A quote that is never closed would make all lines up to the next quote one cell. So a record with
 * such a quote costs its own line alone, and the reading goes on with the next line. But the broken
 * record may have been written over several lines. Then the lines up to its end are no records,
 * although some of them may have the right number of cells. The next quote tells: where it ends a
 * cell, the lines up to it belong to the broken record, unless all of them look like records of
 * this file. Every line that is passed over counts as a bad line.
 */
export class CsvScanner {
  private readonly pieces: AsyncIterator<string>
  private text = ''
  private at = 0
  private line = 1
  private isWhole = false
  private readonly looks = new CsvLooks()

  constructor(pieces: AsyncIterable<string>) {
    this.pieces = pieces[Symbol.asyncIterator]()
  }

  /** The text of the first line, without its end. */
  async firstLine(): Promise<string> {
    while (!this.text.includes('\n') && (await this.more()));
    const end = this.text.indexOf('\n')
    return this.text.slice(0, end < 0 ? undefined : end).replace(/\r$/, '')
  }

  /** The cells of the record with the names; null when its quotes are wrong. */
  async names(delimiter: string): Promise<string[] | null> {
    const cut = await this.cut(delimiter)
    if (cut.is !== 'record') return null
    this.pass(cut.end)
    return cut.cells
  }

  async *parts(shape: CsvShape): AsyncGenerator<CsvPart> {
    while (await this.hasMore()) {
      if (this.at > forgetAfter) this.forget()
      const cut = await this.cut(shape.delimiter)
      if (cut.is === 'record') yield* this.record(cut, shape)
      else yield* this.brokenRecord(cut.is === 'fault' ? cut.why : `it has more than ${longestRecord} bytes`, shape)
    }
  }

  private *record({ cells, end, closing }: Extract<CsvCut, { is: 'record' }>, shape: CsvShape): Generator<CsvPart> {
    const { columns, delimiter } = shape
    if (closing >= 0 && this.areRecords(this.linesTo(closing), shape)) {
      yield* this.swallowed(closing, shape)
      return
    }
    if (cells.length === columns) {
      if (closing < 0) this.looks.learn(cells)
      const { line } = this
      this.pass(end)
      if (columns > 1 || cells[0] !== '') yield { line, cells }
      return
    }
    if (cells.length === 1 && cells[0] === '') {
      this.pass(end)
      return
    }
    const why = countProblem(columns, cells.length)
    const mayBeRecords = closing >= 0 && this.linesTo(closing).every((line) => line.split(delimiter).length === columns)
    if (!mayBeRecords) yield this.badUntil(end, why)
    while (this.at < end) yield this.badLine(`${why}, with a quoted cell over several lines`)
  }

  /** A record whose quotes are wrong: its line, and the lines after it that belong to it. */
  private async *brokenRecord(why: string, shape: CsvShape): AsyncGenerator<CsvPart> {
    const { line } = this
    const first = await this.lineEnd(this.at)
    const quote = await this.nextQuote(first)
    const lineStart = quote < 0 ? -1 : this.text.lastIndexOf('\n', quote) + 1
    const endsCell = quote > lineStart && this.text[quote - 1] !== shape.delimiter
    const isOver = quote < 0 || !endsCell || this.areRecords(this.linesTo(quote), shape)
    yield this.badLine(why)
    if (isOver) return
    while (this.at <= quote) yield this.badLine(`it follows line ${line}, where a quote is not closed`)
  }

  /**
   * A quoted cell that holds whole records: both lines with its quotes are bad, others are read.
   */
  private *swallowed(closing: number, { columns, delimiter }: CsvShape): Generator<CsvPart> {
    const { line } = this
    yield this.badLine('a quote opens here, is not closed on this line, and the next lines look like records')
    const closingLine = this.text.lastIndexOf('\n', closing) + 1
    while (this.at < closingLine) {
      const cut = cutRecord(this.text, this.at, delimiter, this.isWhole)
      if (cut.is !== 'record' || cut.end > closingLine) yield this.badLine(`it follows line ${line}`)
      else if (cut.cells.length !== columns) yield this.badUntil(cut.end, countProblem(columns, cut.cells.length))
      else {
        const start = this.line
        this.pass(cut.end)
        yield { line: start, cells: cut.cells }
      }
    }
    yield this.badLine(`a quote ends here that opened on line ${line}`)
  }

  /** Whether these lines, without regard to quotes, look like records of the file. */
  private areRecords(lines: readonly string[], { delimiter, columns }: CsvShape): boolean {
    if (columns < 2) return false
    return lines.every((line) => {
      const cells = line.split(delimiter)
      return cells.length === columns && this.looks.fit(cells)
    })
  }

  /** The lines after the current one up to the line that holds a place. */
  private linesTo(place: number): string[] {
    const end = this.text.indexOf('\n', place)
    const lines = this.text.slice(this.at, end < 0 ? this.text.length : end).split('\n')
    return lines.slice(1).map((line) => line.replace(/\r$/, ''))
  }

  private badLine(why: string): CsvPart {
    const newline = this.text.indexOf('\n', this.at)
    return this.badUntil(newline < 0 ? this.text.length : newline + 1, why)
  }

  private badUntil(end: number, why: string): CsvPart {
    const { line, at } = this
    const part = { line, why, text: this.text.slice(at, Math.min(end, at + 120)).trimEnd() }
    this.pass(end)
    return part
  }

  private async cut(delimiter: string): Promise<CsvCut> {
    for (;;) {
      const cut = cutRecord(this.text, this.at, delimiter, this.isWhole)
      if (cut.is !== 'unended' || this.text.length - this.at > longestRecord) return cut
      await this.more()
    }
  }

  /** The place after the line break that ends the line of a place. */
  private async lineEnd(place: number): Promise<number> {
    for (;;) {
      const newline = this.text.indexOf('\n', place)
      if (newline >= 0) return newline + 1
      if (!(await this.more())) return this.text.length
    }
  }

  /** The next quote, with the character after it; -1 when there is none near. */
  private async nextQuote(from: number): Promise<number> {
    for (;;) {
      const quote = this.text.indexOf('"', from)
      if (quote >= 0) {
        await this.lineEnd(quote)
        return quote
      }
      if (this.text.length - from > longestRecord || !(await this.more())) return -1
    }
  }

  private pass(end: number): void {
    for (let at = this.text.indexOf('\n', this.at); at >= 0 && at < end; at = this.text.indexOf('\n', at + 1))
      this.line++
    this.at = end
  }

  private async hasMore(): Promise<boolean> {
    while (this.at >= this.text.length) if (!(await this.more())) return false
    return true
  }

  /**
   * Reads on, until as much is there as a record has taken until now: a long record is then looked
   * at a few times and not once a piece. False at the end.
   */
  private async more(): Promise<boolean> {
    const wanted = Math.max(1, this.text.length - this.at)
    const read: string[] = []
    for (let length = 0; length < wanted;) {
      const { done, value } = await this.pieces.next()
      if (done === true) {
        this.isWhole = true
        break
      }
      read.push(value)
      length += value.length
    }
    this.text += read.join('')
    return read.length > 0
  }

  /** Forgets what was passed. Places in the text are no longer valid. */
  private forget(): void {
    this.text = this.text.slice(this.at)
    this.at = 0
  }
}

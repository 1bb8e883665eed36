/**
 * Reads the data of server-sent events, piece by piece. The rules are those of the HTML standard
 * (section 9.2.6): fields end at a line break, an empty line ends an event, a line that begins with
 * a colon is a comment. Only `data` is kept.
 */
export class EventLines {
  #rest = ''
  #data: string[] = []
  /** Whether the text so far ended with `\r`, whose `\n` may follow. */
  #mayBreak = false

  /** Data of the events that end in this piece of the text. */
  push(piece: string): string[] {
    const text = this.#mayBreak && piece.startsWith('\n') ? piece.slice(1) : piece
    if (piece !== '') this.#mayBreak = piece.endsWith('\r')
    const lines = (this.#rest + text).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#read(line))
  }

  /**
   * Data of an event that the end of the text cuts short. Servers leave out the last empty line.
   */
  end(): string[] {
    const last = this.#rest === '' ? [] : this.#read(this.#rest)
    this.#rest = ''
    return [...last, ...this.#read('')]
  }

  #read(line: string): string[] {
    if (line === '') {
      const data = this.#data.join('\n')
      this.#data = []
      return data === '' ? [] : [data]
    }
    const field = /^\uFEFF?data(?:: ?|$)/.exec(line)
    if (!field) return []
    const data = line.slice(field[0].length)
    // Some servers send one event a line, without empty lines between them.
    const isNext = this.#data.length > 0 && (data.startsWith('{') || data.startsWith('[DONE]'))
    const ended = isNext ? this.#read('') : []
    this.#data.push(data)
    return ended
  }
}

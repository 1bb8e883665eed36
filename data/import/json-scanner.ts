/** Characters of the longest value that is kept: an item may hold pictures in base64. */
export const longestItem = 64 * 1024 * 1024

/**
 * Walks over a JSON text that comes in pieces, as Latin-1: a character a byte. Values are cut out
 * of the text and not parsed, so that a list of any length takes the memory of one item. Throws
 * Error where the text is not JSON outside of a value, or ends too early.
 */
export class JsonScanner {
  private readonly pieces: AsyncIterator<string>
  private text = ''
  private at = 0
  private passed = 0
  /** The value that is being cut out: where it goes on in the text, and its parts before that. */
  private start = -1
  private parts: string[] = []
  private length = 0

  constructor(pieces: AsyncIterable<string>) {
    this.pieces = pieces[Symbol.asyncIterator]()
  }

  /** The next character that is no white space, which stays; empty at the end. */
  async peek(): Promise<string> {
    for (;;) {
      while (this.at < this.text.length && whiteSpace.has(this.text[this.at] ?? '')) this.at++
      if (this.at < this.text.length) return this.text[this.at] ?? ''
      if (!(await this.more())) return ''
    }
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.pieces.return?.()
  }

  /** The texts of a list's first items; null for later ones, and for an item that is too long. */
  async *items(wanted = Number.POSITIVE_INFINITY): AsyncGenerator<string | null> {
    await this.take('[')
    for (let count = 1; (await this.peek()) !== ']'; count++) {
      yield await this.value(count <= wanted)
      if ((await this.peek()) !== ',') break
      this.at++
    }
    await this.take(']')
  }

  /** The names of a map. The caller takes the value of each before it asks for the next. */
  async *names(): AsyncGenerator<string> {
    await this.take('{')
    while ((await this.peek()) !== '}') {
      const name = await this.value(true)
      await this.take(':')
      yield textOfName(name)
      if ((await this.peek()) !== ',') break
      this.at++
    }
    await this.take('}')
  }

  /** Takes a whole value; gives null for one that is too long or not wanted. */
  async value(isWanted: boolean): Promise<string | null> {
    const mark = await this.peek()
    this.start = isWanted ? this.at : -1
    this.length = 0
    if (mark === '"') await this.string()
    else if (mark === '{' || mark === '[') await this.nested()
    else await this.word()
    this.keepPart()
    const isKept = this.start >= 0
    const text = isKept ? this.parts.join('') : null
    this.start = -1
    this.parts = []
    return text
  }

  private keepPart(): void {
    if (this.start < 0) return
    this.length += this.at - this.start
    if (this.length > longestItem) {
      this.start = -1
      this.parts = []
    } else this.parts.push(this.text.slice(this.start, this.at))
  }

  /** Passes over the white space at the end. Throws when there is anything else. */
  async end(): Promise<void> {
    const mark = await this.peek()
    if (mark !== '') throw new Error(`Malformed JSON: ${JSON.stringify(mark)} after its end, at byte ${this.place}`)
  }

  private get place(): number {
    return this.passed + this.at
  }

  private async take(wanted: string): Promise<void> {
    const mark = await this.peek()
    if (mark === '') throw new Error(`unexpected end of data, where ${wanted} is missing`)
    if (mark !== wanted)
      throw new Error(`Malformed JSON: ${JSON.stringify(mark)} at byte ${this.place}, where ${wanted} is expected`)
    this.at++
  }

  private async nested(): Promise<void> {
    let depth = 0
    for (;;) {
      marks.lastIndex = this.at
      const found = marks.exec(this.text)
      this.at = found ? found.index : this.text.length
      if (!found) await this.mustGoOn()
      else if (found[0] === '"') {
        if (!this.wholeString()) await this.string()
      } else {
        depth += found[0] === '{' || found[0] === '[' ? 1 : -1
        this.at++
        if (depth === 0) return
      }
    }
  }

  /** Passes over a text that ends in what is there; false when it does not. */
  private wholeString(): boolean {
    for (let quote = this.text.indexOf('"', this.at + 1); quote >= 0; quote = this.text.indexOf('"', quote + 1)) {
      let before = quote - 1
      while (this.text[before] === '\\') before--
      if ((quote - before) % 2 === 0) continue
      this.at = quote + 1
      return true
    }
    return false
  }

  /** A text with its quotes. */
  private async string(): Promise<void> {
    this.at++
    let quote = this.text.indexOf('"', this.at)
    for (;;) {
      const end = quote < 0 ? this.text.length : quote
      const slash = this.text.slice(this.at, end).indexOf('\\')
      if (slash < 0 && quote >= 0) {
        this.at = quote + 1
        return
      }
      this.at = slash < 0 ? end : this.at + slash
      if (slash >= 0 && this.at + 2 <= this.text.length) {
        this.at += 2
        if (quote >= this.at) continue
      } else await this.mustGoOn()
      quote = this.text.indexOf('"', this.at)
    }
  }

  /** A number, `true`, `null`, or what is written in the place of such a word. */
  private async word(): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      wordEnds.lastIndex = this.at
      const found = wordEnds.exec(this.text)
      if (found && isFirst && found.index === this.at)
        throw new Error(`Malformed JSON: ${JSON.stringify(found[0])} at byte ${this.place}, where a value is expected`)
      this.at = found ? found.index : this.text.length
      if (found || !(await this.more())) return
    }
  }

  private async mustGoOn(): Promise<void> {
    if (!(await this.more())) throw new Error('unexpected end of data in an item')
  }

  /** Reads a piece on; what was passed is forgotten. False at the end. */
  private async more(): Promise<boolean> {
    const { done, value } = await this.pieces.next()
    if (done === true) return false
    this.keepPart()
    if (this.start >= 0) this.start = 0
    this.passed += this.at
    this.text = this.text.slice(this.at) + value
    this.at = 0
    return true
  }
}

const whiteSpace = new Set([' ', '\n', '\r', '\t'])
const marks = /["{}[\]]/g
const wordEnds = /[\s,\]}:]/g

const textOfName = (name: string | null): string => {
  const value: unknown = name === null ? null : JSON.parse(Buffer.from(name, 'latin1').toString('utf8'))
  if (typeof value === 'string') return value
  throw new Error('Malformed JSON: a name that is no text')
}

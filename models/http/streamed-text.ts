const doneLine = /^data: ?\[DONE\]/m
// Long enough for the line and what a server may say after it.
const tailLength = 256

/** The bytes of a stream of events, as far as they are needed beside the events. */
export class StreamedText {
  #unread: Buffer[] | undefined = []
  #tail = ''

  add(chunk: Buffer): void {
    this.#unread?.push(chunk)
    this.#tail = (this.#tail + chunk.subarray(-tailLength).toString('latin1')).slice(-tailLength)
  }

  /** The stream has events, so that its text is not needed. */
  hasEvents(): void {
    this.#unread = undefined
  }

  /** The whole text of a stream in which not one event was found; empty for others. */
  get text(): string {
    return Buffer.concat(this.#unread ?? []).toString('utf8')
  }

  /**
   * Whether the mark of the end came, which the `openai` client swallows. No text of a reply can
   * hold such a line, because JSON has no line breaks in texts.
   */
  get isDone(): boolean {
    return doneLine.test(this.#tail)
  }
}

import { plainText } from '../domain/plain-text.ts'
import { control } from './safe-output.ts'

/**
 * Tells a person what a slow part is doing. One part at a time: `start` on a running part ends the
 * part before. Parts that run side by side each get a Progress of their own by `beside`.
 */
export interface Progress {
  /** Begins a part, e.g. "PostgreSQL". */
  start(label: string): void
  /** What the part is doing now, e.g. "12 of 80 packages". */
  update(text: string): void
  /** The part is ready, e.g. "port 5433". */
  done(text?: string): void
  /** The part failed. The caller that catches the error shows it. */
  fail(text?: string): void
  /** Another Progress on the same output, for parts that run beside these. */
  beside(): Progress
}

/** What a renderer writes to: standard error, so that standard output stays clean for results. */
export interface ProgressOutput {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** Says nothing: for `--json` and for tests. */
export const quietProgress: Progress = {
  start: () => {},
  update: () => {},
  done: () => {},
  fail: () => {},
  beside: () => quietProgress,
}

/**
 * A renderer that suits the output: live lines on a terminal, one line a change in a pipe or a log.
 */
export function createProgress(output: ProgressOutput = process.stderr, quiet: boolean = false): Progress {
  if (quiet) return quietProgress
  return output.isTTY === true ? terminalLane(new LiveLines(output)) : plainLane(output)
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 120

/** A part that runs, as a terminal shows it. */
interface RunningPart {
  label: string
  text: string
  since: number
}

const secondsOf = ({ since }: RunningPart): string => {
  const passed = Math.round((Date.now() - since) / 1000)
  return passed >= 2 ? ` ${passed} s` : ''
}

/** The running parts as the last lines of a terminal, each redrawn in its place. */
class LiveLines {
  readonly #output: ProgressOutput
  readonly #parts = new Set<RunningPart>()
  #drawn = 0
  #frame = 0
  #timer: NodeJS.Timeout | null = null

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  add(part: RunningPart): void {
    this.#parts.add(part)
    this.draw()
    this.#timer ??= setInterval(() => this.draw(), frameMs).unref()
  }

  /** Replaces a part's live line by a last line that stays above the parts that still run. */
  end(part: RunningPart, last: string): void {
    this.#parts.delete(part)
    if (this.#parts.size === 0 && this.#timer) {
      clearInterval(this.#timer)
      this.#timer = null
    }
    this.draw(`${last}\n`)
  }

  draw(above: string = ''): void {
    const frame = frames[this.#frame++ % frames.length] ?? ''
    // A wrapped line would take two lines of the terminal, and the next redraw would leave one of
    // the two.
    const width = (this.#output.columns || 120) - 1
    const lines = [...this.#parts].map((part) =>
      plainText(`${frame} ${part.label}${part.text ? ` · ${part.text}` : ''}${secondsOf(part)}`).slice(0, width),
    )
    const up = this.#drawn > 1 ? `\u001B[${this.#drawn - 1}A` : ''
    // From the first live line to the end of the screen.
    control(this.#output, `\r${up}\u001B[J${plainText(above)}${lines.join('\n')}`)
    this.#drawn = lines.length
  }
}

function terminalLane(live: LiveLines): Progress {
  let part: RunningPart | null = null
  const end = (mark: string, last?: string): void => {
    if (part === null) return
    live.end(part, `${mark} ${part.label}${last ? ` · ${last}` : ''}${secondsOf(part)}`)
    part = null
  }
  return {
    start(label) {
      end('✔')
      part = { label, text: '', since: Date.now() }
      live.add(part)
    },
    update(text) {
      if (part === null) return
      part.text = text
      live.draw()
    },
    done: (last) => end('✔', last),
    fail: (last) => end('✖', last),
    beside: () => terminalLane(live),
  }
}

const quietMs = 2000

function plainLane(output: ProgressOutput): Progress {
  let label: string | null = null
  let since = 0
  let shown = { text: '', at: 0 }
  const end = (outcome: string, last?: string): void => {
    if (label === null) return
    const passed = Math.round((Date.now() - since) / 1000)
    output.write(`${label}: ${outcome}${last ? `, ${last}` : ''}${passed >= 2 ? ` (${passed} s)` : ''}\n`)
    label = null
  }
  return {
    start(next) {
      end('ready')
      label = next
      since = Date.now()
      shown = { text: '', at: 0 }
      output.write(`${label} …\n`)
    },
    update(text) {
      // A log needs news, and not each of a thousand counts: at most one line every two seconds.
      if (label === null || text === shown.text || Date.now() - shown.at < quietMs) return
      shown = { text, at: Date.now() }
      output.write(`${label}: ${text}\n`)
    },
    done: (last) => end('ready', last),
    fail: (last) => end('failed', last),
    beside: () => plainLane(output),
  }
}

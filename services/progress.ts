/** Tells a person what a slow part is doing. One part at a time; `start` on a running part ends the one before. */
export interface Progress {
  /** Begins a part, e.g. "PostgreSQL". */
  start(label: string): void
  /** What the part is doing now, e.g. "12 of 80 packages". */
  update(text: string): void
  /** The part is ready, e.g. "port 5433". */
  done(text?: string): void
  /** The part failed. The error itself is shown by whoever catches it. */
  fail(text?: string): void
}

/** What a renderer writes to: standard error, so that standard output stays clean for results. */
export interface ProgressOutput {
  write(text: string): unknown
  isTTY?: boolean | undefined
  columns?: number | undefined
}

/** Says nothing: for `--json` and for tests. */
export const quietProgress: Progress = { start: () => {}, update: () => {}, done: () => {}, fail: () => {} }

/** A renderer that suits the output: a live line on a terminal, one line a change in a pipe or a log. */
export function createProgress(output: ProgressOutput = process.stderr, quiet: boolean = false): Progress {
  if (quiet) return quietProgress
  return output.isTTY === true ? terminalProgress(output) : plainProgress(output)
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

function terminalProgress(output: ProgressOutput): Progress {
  let label: string | null = null
  let text = ''
  let since = 0
  let frame = 0
  let timer: NodeJS.Timeout | null = null
  const seconds = (): string => {
    const passed = Math.round((Date.now() - since) / 1000)
    return passed >= 2 ? ` ${passed} s` : ''
  }
  const draw = (): void => {
    const line = `${frames[frame++ % frames.length] ?? ''} ${label ?? ''}${text ? ` · ${text}` : ''}${seconds()}`
    output.write(`\r\u001B[2K${line.slice(0, (output.columns ?? 120) - 1)}`)
  }
  const end = (mark: string, last?: string): void => {
    if (label === null) return
    if (timer) clearInterval(timer)
    output.write(`\r\u001B[2K${mark} ${label}${last ? ` · ${last}` : ''}${seconds()}\n`)
    label = null
  }
  return {
    start(next) {
      end('✔')
      label = next
      text = ''
      since = Date.now()
      draw()
      timer = setInterval(draw, 120)
      timer.unref()
    },
    update(next) {
      if (label === null) return
      text = next
      draw()
    },
    done: (last) => end('✔', last),
    fail: (last) => end('✖', last),
  }
}

function plainProgress(output: ProgressOutput): Progress {
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
      // A log wants the news and not each of a thousand counts: at most a line every two seconds.
      if (label === null || text === shown.text || Date.now() - shown.at < 2000) return
      shown = { text, at: Date.now() }
      output.write(`${label}: ${text}\n`)
    },
    done: (last) => end('ready', last),
    fail: (last) => end('failed', last),
  }
}

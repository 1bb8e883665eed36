import type { Place } from './read-places.ts'
import type { FinishedOutcome, FinishedRows } from './finished-rows.ts'
import type { InputLines } from './input-lines.ts'
import type { InputLine } from './input-reader.ts'
import type { OutputFiles } from './output-file.ts'
import { lineOfBad, linesOf } from './output-lines.ts'
import type { OutputLine } from './output-lines.ts'
import type { Work } from './work-rows.ts'

/** Outcomes of a run, with the failed rows of bad lines. */
export interface Tally {
  kept: number
  dropped: number
  failed: number
  /** Dropped and failed rows by reason. */
  reasons: Record<string, number>
}

/** Writes outcomes in the order of the input, up to the first line that is not done. */
export interface Assembly {
  /**
   * Continues to write in the background. Throws an error of earlier background work, so that a
   * full disk ends the run.
   */
  poke(): void
  /** Writes the rest. Throws if a line is not done. */
  finish(): Promise<Tally>
  /** Resolves when nothing is being written. */
  idle(): Promise<void>
}

const linesAtOnce = 128

export const emptyTally = (): Tally => ({ kept: 0, dropped: 0, failed: 0, reasons: {} })

/** Counts outcomes. */
export function tallyUp(tally: Tally, outcomes: readonly Pick<FinishedOutcome, 'status' | 'reason'>[]): void {
  for (const { status, reason } of outcomes) {
    tally[status] += 1
    if (status !== 'kept') tally.reasons[reason ?? 'unspecified'] = (tally.reasons[reason ?? 'unspecified'] ?? 0) + 1
  }
}

export function createAssembly(
  input: InputLines,
  work: Pick<Work, 'resultOf'>,
  finished: Pick<FinishedRows, 'read'>,
  output: OutputFiles,
  signal: AbortSignal,
): Assembly {
  const tally = emptyTally()
  let next = 0
  let running: Promise<void> | undefined
  let failure: { error: unknown } | undefined

  const linesFor = (line: InputLine, outcomes: readonly FinishedOutcome[] | undefined): OutputLine[] => {
    if (!('row' in line.read) || outcomes === undefined) {
      const bad = 'row' in line.read ? changed(line) : line.read
      tallyUp(tally, [{ status: 'failed', reason: bad.reason }])
      return [lineOfBad(line, bad, input.ids)]
    }
    tallyUp(tally, outcomes)
    return linesOf(line, line.read.row, outcomes, input.ids)
  }

  const advance = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted()
      const done: { line: number; stands: Place | 'bad' }[] = []
      for (let line = next; line < input.count && done.length < linesAtOnce; line++) {
        const stands = work.resultOf(line)
        if (stands === undefined) break
        done.push({ line, stands })
      }
      if (done.length === 0) return
      const rows = done.flatMap(({ line, stands }) => (stands === 'bad' ? [] : [{ line, stands }]))
      const outcomes = await finished.read(rows.map(({ stands }) => stands))
      const byLine = new Map(rows.map(({ line }, at) => [line, outcomes[at]]))
      const lines = await input.read(done.map(({ line }) => line))
      await output.write(lines.flatMap((line) => linesFor(line, byLine.get(line.place))))
      next += done.length
    }
  }

  return {
    poke() {
      if (failure) throw failure.error
      running ??= advance()
        .catch((error: unknown) => {
          failure = { error }
        })
        .finally(() => {
          running = undefined
        })
    },
    async finish() {
      await running
      if (failure) throw failure.error
      await advance()
      if (next < input.count) throw new Error(`line ${next + 1} of ${input.count} is not done`)
      return tally
    },
    async idle() {
      await running
    },
  }
}

/**
 * A line that was a row when it was worked on and is no row now, or the reverse: someone writes to
 * the input.
 */
const changed = ({ number }: InputLine) => ({
  id: null,
  reason: 'bad-line' as const,
  detail: `line ${number} has changed while it was worked on`,
})

import type { Database } from '../db/database.ts'
import { sampleRows } from '../db/rows.ts'
import { HoneError } from '../domain/errors.ts'

/** A line that cannot be used. */
export interface FailedLine {
  line: number | null
  reason: string
  detail: string
}

const linesShown = 5

/** The first few failed rows of a dataset, in the order of their lines. */
export async function failedLines(db: Database, datasetId: string): Promise<FailedLine[]> {
  const failed = await sampleRows(db, datasetId, linesShown, 'failed')
  return failed
    .map(({ metadata: { line }, reason, detail }) => ({
      line: typeof line === 'number' ? line : null,
      reason: reason ?? '',
      detail: detail ?? '',
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** `line 3: image-broken, the picture cannot be decoded: …` */
export const failedLineText = ({ line, reason, detail }: FailedLine): string =>
  `line ${line ?? '?'}: ${reason}, ${detail}`

/** A source that is refused for its rows. `what` begins with its name, `lines` are examples. */
export const refusedSource = (what: string, lines: readonly string[], nextStep: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: [what, ...lines.map((line) => `  ${line}`)].join('\n'),
    nextStep,
  })

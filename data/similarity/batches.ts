import type { Fingerprint } from '../../domain/rows.ts'
import type { EvidenceRow, FingerprintsOf } from '../steps/step.ts'

/** A row with the fingerprints of its pictures. */
export interface SeenRow {
  row: EvidenceRow
  fingerprints: ReadonlyMap<string, Fingerprint>
}

const rowsPerBatch = 500

/**
 * The rows in their order, with the fingerprints of their pictures. Asks for the fingerprints of
 * 500 rows at a time.
 */
export async function* withFingerprints(
  rows: AsyncIterable<EvidenceRow>,
  fingerprintsOf: FingerprintsOf | undefined,
): AsyncGenerator<SeenRow> {
  let batch: EvidenceRow[] = []
  const seen = async () => {
    const hashes = new Set(batch.flatMap(({ images }) => images))
    const fingerprints = (await fingerprintsOf?.([...hashes])) ?? new Map<string, Fingerprint>()
    return batch.map((row) => ({ row, fingerprints }))
  }
  for await (const row of rows) {
    batch.push(row)
    if (batch.length < rowsPerBatch) continue
    yield* await seen()
    batch = []
  }
  yield* await seen()
}

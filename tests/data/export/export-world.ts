import sharp from 'sharp'
import { openArtifactStore } from '../../../artifacts/store.ts'
import type { ExportFormat, ExportRow } from '../../../data/export/format.ts'
import type { ExportSource } from '../../../data/export/manifest.ts'
import { writeExport } from '../../../data/export/write-export.ts'
import type { Exported, ExportOptions } from '../../../data/export/write-export.ts'
import { formats, formatsOf } from '../../../trainers/export-formats.ts'
import type { ExportFormatName } from '../../../trainers/export-formats.ts'
import { row, trace } from '../rows.ts'

/** A store with pictures. */
export async function pictureStore(folder: string) {
  const store = await openArtifactStore(folder)
  const put = async (bytes: Buffer): Promise<string> => (await store.putImage(bytes)).hash
  const square = (colour: string, width = 56, height = 56) =>
    sharp({ create: { width, height, channels: 3, background: colour } })
  return {
    ...store,
    pathOf: (hash: string) => store.imagePath(hash),
    put,
    red: await put(await square('red').png().toBuffer()),
    blue: await put(await square('blue', 84, 56).jpeg().toBuffer()),
  }
}
export type PictureStore = Awaited<ReturnType<typeof pictureStore>>

const whole: Partial<ExportRow> = {
  trace: trace('two and one', '3'),
  verdict: { verdict: 'correct', reason: 'same-number', extracted: '3', verifierVersion: '7' },
}

/**
 * Rows with every field of a row: two whole rows, a row with two pictures, and rows that formats
 * must leave out.
 */
export function exportRows({ red, blue }: PictureStore): ExportRow[] {
  const kept = (changes: Partial<ExportRow>): ExportRow => ({
    ...row(changes),
    status: 'kept',
    reason: null,
    ...changes,
  })
  return [
    kept({ ...whole, id: 'plain', images: [red], kind: 'number' }),
    kept({
      ...whole,
      id: 'choice',
      originId: 'from-source',
      images: [blue],
      question: '<image>Which colour? "quoted", \n ünïcode 形',
      answer: 'A',
      kind: 'choice',
      choices: ['blue', 'it’s red'],
      metadata: { source: 'colours', abilities: ['recognition'], reward: 'rule', nested: { deep: [1, null, 'x'] } },
    }),
    kept({
      ...whole,
      id: 'pair',
      images: [red, blue],
      question: 'How much wider is the second?',
      answer: '1.50',
      kind: 'number',
      precision: 2,
      policy: { percent: 'strict', width: 84 },
      description: 'Two squares.',
    }),
    kept({ id: 'no-trace', images: [red] }),
    kept({ id: 'no-answer', images: [red], answer: null, trace: 'It is red.' }),
    kept({ ...whole, id: 'marked', images: [red], trace: 'see <image>' }),
    kept({ ...whole, id: 'gone', images: ['0'.repeat(64)] }),
  ]
}

export const exportSource: ExportSource = {
  id: 'demo/1/select',
  name: 'select',
  contentHash: 'c'.repeat(64),
  rows: 7,
  campaign: 'demo',
  round: 1,
  step: 'select',
  recipeHash: 'r1',
  lineage: { datasets: [], checkpoints: [] },
}

/** Writes rows as `hone export` does. */
export function exportTo(
  store: PictureStore,
  options: { to: ExportFormatName; output: string } & Partial<ExportOptions>,
  rows: readonly ExportRow[] | AsyncIterable<ExportRow> = exportRows(store),
): Promise<Exported> {
  const format: ExportFormat = formats[options.to]
  async function* all() {
    yield* rows
  }
  return writeExport(exportSource, all(), store, {
    format,
    formatsOf,
    kind: format.kinds[0] ?? 'rows',
    images: format.images[0] ?? 'copy',
    status: 'kept',
    maxRows: null,
    answers: 'packed',
    promptSuffix: ' Think first.',
    shardBytes: 500_000_000,
    replace: false,
    ...options,
  })
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import type { ExportKind, ExportRow, ImageMode } from '../../../data/export/format.ts'
import { examineImage } from '../../../data/pictures/examine.ts'
import { answerKinds } from '../../../domain/answer-check.ts'
import { HoneError } from '../../../domain/errors.ts'
import { formats } from '../../../trainers/export-formats.ts'
import type { ExportFormatName } from '../../../trainers/export-formats.ts'
import { row } from '../rows.ts'
import { read } from '../import/reading.ts'
import { exportTo, pictureStore } from './export-world.ts'

let home: string
let store: Awaited<ReturnType<typeof pictureStore>>
/** Hashes of the pixels of the store's pictures, by the hash of their file. */
const pixels = new Map<string, string>()
let hashes: string[]
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'hone-round-trip-'))
  store = await pictureStore(join(home, 'store'))
  const square = (changes: object = {}) =>
    sharp({ create: { width: 40, height: 64, channels: 3, background: { r: 9, g: 200, b: 80 }, ...changes } })
  const clear = square({ channels: 4, background: { r: 9, g: 200, b: 80, alpha: 0.5 } })
  const grey = sharp(
    Uint16Array.from({ length: 48 * 40 }, (_, at) => at * 30),
    {
      raw: { width: 48, height: 40, channels: 1 },
    },
  )
  hashes = [
    store.red,
    store.blue,
    await store.put(await clear.png().toBuffer()),
    // A picture that lies on its side, and one of 16 bits: models do not see the file as it is.
    await store.put(await square().withMetadata({ orientation: 6 }).jpeg().toBuffer()),
    await store.put(await grey.toColourspace('grey16').png().toBuffer()),
  ]
  for (const hash of hashes) {
    const { fingerprint } = await examineImage(readFileSync(store.pathOf(hash)))
    pixels.set(hash, fingerprint.pixels)
  }
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

// Postgres holds no NUL, so no row has one.
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      '',
      ' ',
      'a,b',
      '"',
      "it's",
      '\\frac{1}{2}',
      'A. x\nB. y',
      '<image>',
      ' <image> ',
      'NaN',
      'null',
      '007',
    ),
    fc.constantFrom('[1, 2]', '{"a": 1}', '\u2028\u2029\uFEFF', '\r\n', 'x'.repeat(3000), '{"hone":1,"id":"x"}'),
  )
  .map((some) => some.replaceAll('\0', ''))
const some = fc.option(text, { nil: null })
const filled = text.filter((value) => value !== '')

const policy = fc.record(
  {
    percent: fc.constantFrom('lenient' as const, 'strict' as const),
    dateOrder: fc.constantFrom('dmy' as const, 'mdy' as const),
    width: fc.integer({ min: 1, max: 9999 }),
  },
  { requiredKeys: [] },
)

const changes = fc.record({
  question: text,
  answer: some,
  kind: fc.constantFrom(...answerKinds),
  choices: fc.option(fc.array(text, { minLength: 2, maxLength: 26 }), { nil: null }),
  precision: fc.option(fc.nat(100), { nil: null }),
  policy: fc.option(policy, { nil: null }),
  description: some,
  trace: some,
  metadata: fc
    .dictionary(
      filled.filter((name) => name !== '__proto__'),
      fc.jsonValue(),
      { maxKeys: 4 },
    )
    // JSON has no -0, and whole numbers above 2^53 come back as texts of their digits.
    .map((value): Record<string, unknown> =>
      JSON.parse(JSON.stringify(value).replaceAll('\\u0000', ''), (_, inner: unknown) =>
        Number.isInteger(inner) && !Number.isSafeInteger(inner) ? 7 : inner,
      ),
    ),
  images: fc.array(fc.nat(4), { maxLength: 3 }),
})

/** Rows with different ids, their pictures from the store. */
const rowsOf = fc
  .uniqueArray(fc.tuple(filled, changes), { minLength: 1, maxLength: 6, selector: ([id]) => id })
  .map((all) =>
    all.map(([id, { images, ...others }]): ExportRow => {
      const shown = images.map((at) => hashes[at] ?? '')
      return { ...row({ id, ...others, images: shown }), status: 'kept', reason: null }
    }),
  )

const cases = Object.entries(formats).flatMap(([to, { kinds, images }]) =>
  kinds.flatMap((kind: ExportKind) =>
    images.map((mode: ImageMode) => ({ to: to as ExportFormatName, kind, images: mode })),
  ),
)

/** The metadata without the columns of hf-parquet that a source row has no field for. */
const withoutPlace = (metadata: ExportRow['metadata']) =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'origin' && name !== 'status'))

/** What an import must give back. */
const expected = (one: ExportRow) => ({
  id: one.id,
  question: one.question,
  answer: one.answer,
  kind: one.kind,
  choices: one.choices,
  precision: one.precision,
  policy: one.policy,
  description: one.description,
  trace: one.trace,
  metadata: withoutPlace(one.metadata),
  pixels: one.images.map((hash) => pixels.get(hash)),
})

let exports = 0

describe('what Hone exports it imports again as the same rows:', () => {
  it.each(cases)('$to, $kind, pictures as $images', async ({ to, kind, images }) => {
    let tried = 0
    await fc.assert(
      fc.asyncProperty(rowsOf, async (rows) => {
        const output = join(home, `export-${exports++}`)
        const made = await exportTo(store, { to, kind, images, output, status: 'kept' }, rows).catch(
          (error: unknown) => {
            // A format may refuse every row, for example rows without traces.
            if (error instanceof HoneError && error.type === 'EmptyDataset') return null
            throw error
          },
        )
        if (made === null) return
        tried += 1
        const refused = new Set(made.refused.map(({ id }) => id))
        const { rows: found } = await read(output)
        const kept = rows.filter(({ id }) => !refused.has(id))
        expect(found.map(({ row: { failure } }) => failure)).toEqual(kept.map(() => null))
        expect(
          found.map(({ row: given, sourceId, pictures }) => ({
            ...expected({ ...row(), ...given, id: sourceId, images: [], status: 'kept', reason: null }),
            metadata: withoutPlace(given.metadata),
            pixels: pictures.map(({ fingerprint }) => fingerprint.pixels),
          })),
        ).toEqual(kept.map(expected))
        rmSync(output, { recursive: true })
      }),
      { numRuns: 20 },
    )
    expect(tried).toBeGreaterThan(3)
  })
})

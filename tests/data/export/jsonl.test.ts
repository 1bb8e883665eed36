import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RecordContext } from '../../../data/export/format.ts'
import { jsonl } from '../../../data/export/jsonl.ts'
import { rowLine, rowOfLine } from '../../../data/rows/row-line.ts'
import { row } from '../rows.ts'

const images = ['a'.repeat(64), 'b'.repeat(64)]
const context: RecordContext = {
  kind: 'rows',
  promptSuffix: ' Think.',
  answers: 'packed',
  dataset: 'demo/1/select',
  index: 4,
}

describe('a line of JSON', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 })
  const some = fc.option(text, { nil: null })
  const anyRow = fc.record({
    id: text.filter((id) => id !== ''),
    originId: text.filter((id) => id !== ''),
    question: text,
    answer: some,
    kind: fc.constantFrom('auto' as const, 'number' as const, 'text' as const),
    choices: fc.option(
      fc.array(
        text.filter((choice) => choice !== ''),
        { minLength: 2, maxLength: 4 },
      ),
      { nil: null },
    ),
    precision: fc.option(fc.nat(9), { nil: null }),
    policy: fc.option(fc.constant({ units: 'strict' as const }), { nil: null }),
    description: some,
    trace: some,
    verdict: fc.option(
      fc.record({
        verdict: fc.constantFrom('correct' as const, 'incorrect' as const),
        reason: text,
        extracted: some,
        verifierVersion: text,
      }),
      { nil: null },
    ),
    metadata: fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      fc.jsonValue({ noUnicodeString: false }),
    ),
  })

  it('gives the same row when it is read back', () => {
    fc.assert(
      fc.property(anyRow, fc.boolean(), (changes, hasPictures) => {
        const before = { ...row({ ...changes, images: hasPictures ? images : [] }), status: 'kept', reason: null }
        const said = jsonl.record(before, context)
        if ('refused' in said) throw new Error(said.refused)
        const line = rowLine.parse(JSON.parse(JSON.stringify({ ...said.row.fields, images: said.row.images })))
        const { status: _, reason: __, ...expected } = before
        // JSON does not have -0.
        expect(rowOfLine(line, line.images)).toEqual(JSON.parse(JSON.stringify(expected)))
      }),
    )
  })

  it('has status and reason of a dropped row', () => {
    const said = jsonl.record({ ...row(), status: 'dropped', reason: 'truncated' }, context)
    expect(said).toMatchObject({ row: { fields: { status: 'dropped', reason: 'truncated' } } })
  })
})

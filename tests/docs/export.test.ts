import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { ExportFormat, ExportKind } from '../../data/export/format.ts'
import { formats } from '../../trainers/export-formats.ts'

const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('docs/export.md', root), 'utf8')

/** The names in backquotes of the cells of each table row, by the name in the first cell. */
const rows = new Map(
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
    )
    .map((cells) => [cells[0]?.[0] ?? '', cells] as const),
)

it('lists every format, in the order of the registry', () => {
  expect([...rows.keys()].filter((name) => name in formats)).toEqual(Object.keys(formats))
})

it.each<[string, ExportFormat]>(Object.entries(formats))(
  'tells of %s its kinds, its pictures and its columns',
  (name, format) => {
    const [, kinds, images, columns = []] = rows.get(name) ?? []
    expect(kinds).toEqual([...format.kinds])
    expect(images).toEqual([...format.images])
    const named = (kind: ExportKind): string[] =>
      Object.keys(format.columns(kind) ?? {}).filter((column) => column !== 'id')
    // The last three formats describe their fields in words.
    const expected = name === 'hf-parquet' ? [] : name === 'trl' ? named('sft') : format.kinds.flatMap(named)
    expect(expected.filter((column) => !columns.includes(column))).toEqual([])
  },
)

it('lists exactly the reasons for refused rows', () => {
  const code = [
    'trainers/training-rows.ts',
    'trainers/model-family.ts',
    'data/export/jsonl.ts',
    'data/export/pictures.ts',
  ]
    .map((path) => readFileSync(new URL(path, root), 'utf8'))
    .join('\n')
  const written = [...code.matchAll(/(?:refused: |> maxRatio \? )'([a-z-]+)'/g)].map(([, reason = '']) => reason)
  const inTexts = [...code.matchAll(/`([a-z-]+-in-)\$\{where\}`/g)].map(([, start = '']) => start)
  const found = [...written, ...inTexts.flatMap((start) => [`${start}question`, `${start}trace`])]
  const told = [...rows.values()].slice(Object.keys(formats).length).flatMap(([reasons = []]) => reasons)
  expect(told.toSorted()).toEqual([...new Set(found)].toSorted())
})

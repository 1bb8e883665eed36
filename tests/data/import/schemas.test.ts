import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ReadyRow } from '../../../data/import/import-rows.ts'
import { read } from './reading.ts'
import { figures } from './schemas/figures.ts'
import { preferences } from './schemas/preferences.ts'
import { reasoning } from './schemas/reasoning.ts'
import { writeSchema } from './schemas/schema.ts'
import type { Schema } from './schemas/schema.ts'
import { talks } from './schemas/talks.ts'
import { visualQuestions } from './schemas/visual-questions.ts'
import { mathematics } from './schemas/mathematics.ts'

const all: readonly Schema[] = [...visualQuestions, ...figures, ...mathematics, ...reasoning, ...talks, ...preferences]

const inShort = ({ row, sourceId, pictures }: ReadyRow<unknown>) => {
  const { question, answer, choices, kind, trace, description } = row
  return { id: sourceId, question, answer, choices, kind, trace, description, pictures: pictures.length }
}

describe('public schemas', () => {
  it.each(all)('$name', async (schema) => {
    const { folder, source } = await writeSchema(schema)
    const options = { split: schema.split }
    const guessed = schema.refused ? (await read(source, options)).rows : []
    const accepted = guessed.filter(
      ({ row }) => schema.refused?.test(`${row.failure?.reason}: ${row.failure?.detail}`) !== true,
    )
    expect(accepted).toEqual([])
    const mappingFile = schema.mapping === undefined ? undefined : join(folder, 'map.yaml')
    if (mappingFile !== undefined) await writeFile(mappingFile, schema.mapping ?? '')
    const { rows } = await read(source, { ...options, mappingFile })
    expect(rows.flatMap(({ row }) => row.failure ?? [])).toEqual([])
    expect(rows.slice(0, schema.want.length).map(inShort)).toMatchObject(schema.want)
  })
})

describe('docs/import.md#schemas', () => {
  const text = readFileSync(new URL('../../../docs/import.md', import.meta.url), 'utf8')
  const [, after = ''] = text.split(/^## Schemas$/m)
  const [part = ''] = after.split(/^## /m)
  const listed = [...part.matchAll(/^\| ([^|]+?) \|/gm)].map(([, name = '']) => name).slice(1)

  it('lists exactly the schemas that are tried here, at least 60', () => {
    expect(listed.toSorted()).toEqual(all.map(({ name }) => name).toSorted())
    expect(listed.length).toBeGreaterThanOrEqual(60)
  })

  it('says of each schema whether it needs a mapping', () => {
    for (const { name, refused, mapping } of all) {
      const row = part.split('\n').find((line) => line.startsWith(`| ${name} |`)) ?? ''
      expect([name, row.includes('refused')]).toEqual([name, refused !== undefined])
      expect([name, row.includes('mapping')]).toEqual([name, mapping !== undefined])
    }
  })
})

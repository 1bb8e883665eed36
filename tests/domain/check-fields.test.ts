import { readFile } from 'node:fs/promises'
import { getTableColumns } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { hfParquet } from '../../data/export/hf-parquet.ts'
import { answerCase } from '../../data/rows/answer-case.ts'
import { lineOfRow, rowLine, rowOfLine } from '../../data/rows/row-line.ts'
import { rows } from '../../db/schema/rows.ts'
import { checkFields, checkOf, noCheck, rewardFieldNames } from '../../domain/answer-check.ts'
import type { Check, RewardField } from '../../domain/answer-check.ts'
import { rowSchema } from '../../domain/rows.ts'
import { packGroundTruth } from '../../trainers/reward-file/ground-truth.ts'
import { rewardCheckOf } from '../../trainers/reward-check.ts'
import { rlRowSchema } from '../../trainers/rows.ts'
import { rlRow } from '../../trainers/training-rows.ts'
import { trlExport } from '../../trainers/trl/export.ts'
import { parseVerifyCase } from '../../verifier/verdict.ts'
import { parseScoreCase } from '../../verifier/serve/score-request.ts'
import { row } from '../data/rows.ts'

const checkFieldNames = checkFields.keyof().options

/** A value of each field other than the default. */
const check = {
  kind: 'box',
  choices: ['left', 'right'],
  precision: 2,
  policy: {
    coords: '0-1000',
    width: 640,
    height: 480,
    form: 'any',
    answerTags: ['<final>', '</final>'],
    reasoningTags: ['[R]', '[/R]'],
  },
} satisfies { [Field in keyof Check]-?: NonNullable<Check[Field]> }
const checked = row({ ...check, metadata: { reward: 'judge' } })
const reward = { ...check, question: 'How many red circles are there?\nA. left\nB. right', reward: 'judge' }

const python = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The strings of a named tuple in a Python text. */
const tupleIn = (text: string, name: string): string[] =>
  [...(new RegExp(String.raw`^${name} = \(([^)]*)\)`, 'm').exec(text)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(
    ([, word]) => word ?? '',
  )

describe('every place that must know a check field knows it:', () => {
  it('the fields of a row, its check and its defaults', () => {
    expect(checkOf(checked)).toEqual(check)
    expect(Object.keys(noCheck)).toEqual(checkFieldNames)
    expect(rowSchema.parse(checked)).toEqual(checked)
    expect(Object.keys(getTableColumns(rows))).toEqual(expect.arrayContaining([...checkFieldNames]))
  })

  it('lines of files', () => {
    const line = lineOfRow(checked, ['a.png'])
    expect(line).toMatchObject(check)
    expect(rowOfLine(rowLine.parse(line), checked.images)).toEqual(checked)
    expect(rowOfLine(rowLine.parse({ id: 'a', images: [] }), [])).toMatchObject(noCheck)
  })

  it('cases of the verifier and requests to the reward server', () => {
    expect(answerCase(checked, '3', '4')).toEqual({ id: 'r1', gold: '3', answer: '4', ...check })
    expect(parseVerifyCase({ id: 'r1', gold: '3', answer: '4', ...check })).toEqual(answerCase(checked, '3', '4'))
    const asked = { id: 'r1', gold: '3', answer: '4', ...reward }
    expect(parseScoreCase(asked)).toEqual(asked)
  })

  it('columns of Parquet files', () => {
    const context = { kind: 'rl', promptSuffix: '', answers: 'packed', dataset: 'd', index: 0 } as const
    const exported = { ...checked, status: 'kept', reason: null }
    for (const [format, kind, names] of [
      [hfParquet, 'rows', checkFieldNames],
      [trlExport, 'rl', rewardFieldNames],
    ] as const) {
      const record = format.record(exported, { ...context, kind })
      const fields = 'row' in record ? record.row.fields : {}
      expect(names.filter((name) => (fields[name] ?? null) === null)).toEqual([])
      expect(Object.keys(format.columns(kind) ?? {})).toEqual(expect.arrayContaining([...names]))
    }
  })

  it('training rows and packed references', () => {
    const trained = rlRow(checked, { promptSuffix: '', imagePath: (hash) => `/${hash}` })
    expect(trained).toMatchObject({ row: { ...check, reward: 'judge' } })
    expect('row' in trained && rlRowSchema.parse(trained.row)).toEqual('row' in trained && trained.row)
    expect(rewardCheckOf(checked)).toEqual(reward)
    expect(JSON.parse(packGroundTruth({ id: 'r1', gold: '3', ...rewardCheckOf(checked) }))).toEqual({
      hone: 1,
      id: 'r1',
      gold: '3',
      ...reward,
    })
  })

  it('rows and requests of hone_trainer, and reward files', async () => {
    const rowsFile = await python('trainer/hone_trainer/rows.py')
    const fields = /^class Check\(BaseModel\):\n([\s\S]*?)\n {4}def /m.exec(rowsFile)?.[1] ?? ''
    const names = [...fields.matchAll(/^ {4}(\w+): /gm)].map(([, name]) => name)
    const byColumn = rewardFieldNames.filter((name: RewardField) => name !== 'question')
    expect(names).toEqual(byColumn)
    expect(tupleIn(await python('trainer/hone_trainer/reward_client.py'), 'FIELDS')).toEqual(rewardFieldNames)
  })
})

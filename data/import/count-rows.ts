import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fieldValues } from '../statistics/field-values.ts'
import { namedRows } from './named-rows.ts'
import { ownLinesMapping, ownLinesRules } from './own-mapping.ts'
import { findOwnLines, readOwnLines } from './read-own-lines.ts'
import type { ImportRow } from './import-row.ts'

/** What a file of Hone's own lines holds, counted without a look at its pictures. */
export interface RowCounts {
  /** Lines that can be read. */
  rows: number
  /** Lines that cannot. */
  badLines: number
  /** Mean characters of a question with its choices. */
  questionCharacters: number
  /** Mean pictures a row. */
  images: number
  /**
   * At most how many different values each counted field of the metadata has. Rows without the
   * field count as one value more.
   */
  groups: Record<string, number>
  /** Rows by what {@link CountOptions.problem} said of them; absent without it. */
  problems?: Record<string, number>
}

export interface CountOptions {
  /** Only so many lines, from the top; empty lines do not count. */
  maxRows?: number | undefined
  /** A line without a question is a bad one: nothing writes questions for a benchmark. */
  needsQuestion?: boolean
  /**
   * Fields of the metadata whose values are counted: those that a step groups by. All when absent.
   */
  fields?: readonly string[]
  /**
   * Why a row cannot be used later on, as a code; null when it can. `folder` is the folder of the
   * lines, from which paths of pictures count.
   */
  problem?: (row: ImportRow, folder: string) => Promise<string | null>
}

/**
 * Counts the lines that a recipe's `path:` names, as an import reads them; null when nothing is
 * there. Throws InvalidSource as {@link findOwnLines} does.
 */
export async function countOwnLines(path: string, options: CountOptions = {}): Promise<RowCounts | null> {
  if (!(await stat(path).catch(() => null))) return null
  const { maxRows, needsQuestion = false, problem } = options
  const file = await findOwnLines(path)
  const reader = readOwnLines(file)
  const total = { rows: 0, badLines: 0, characters: 0, images: 0 }
  const fields = fieldValues(options.fields)
  const rules = ownLinesRules(needsQuestion)
  const problems = new Map<string, number>()
  for await (const batch of namedRows(reader, { mapping: ownLinesMapping, rules, maxRows })) {
    const usable = batch.flatMap(({ row }) => (row.failure ? [] : [row]))
    total.badLines += batch.length - usable.length
    for (const row of usable) {
      fields.add(row.metadata)
      total.rows++
      total.images += row.pictures.length
      total.characters += (row.choices ?? []).reduce((sum, choice) => sum + choice.length, row.question.length)
    }
    const reasons = problem ? await Promise.all(usable.map((row) => problem(row, dirname(file)))) : []
    for (const reason of reasons) if (reason !== null) problems.set(reason, (problems.get(reason) ?? 0) + 1)
  }
  const { rows, badLines, characters, images } = total
  const mean = (sum: number): number => (rows === 0 ? 0 : sum / rows)
  return {
    rows,
    badLines,
    questionCharacters: mean(characters),
    images: mean(images),
    groups: fields.groups(rows),
    ...(problem && { problems: Object.fromEntries(problems) }),
  }
}

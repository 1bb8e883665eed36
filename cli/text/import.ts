import type { ImportCheck } from '../../client/check-import.ts'
import type { DryRun } from '../../client/dry-run.ts'
import type { Imported } from '../../client/import-source.ts'
import type { Prepared } from '../../client/prepare-import.ts'
import type { ImportProgress } from '../../client/write-source.ts'
import { mappingText } from '../../data/import/mapping.ts'
import { noteText } from '../../data/import/row-notes.ts'
import type { NoteCount } from '../../data/import/row-notes.ts'
import type { ImportRecord } from '../../db/imports.ts'
import { areTooMany, limitText } from '../../domain/failed-rows.ts'
import type { FailedRowsLimit } from '../../domain/failed-rows.ts'
import { percent } from '../../domain/percent.ts'
import { clip, clock, count, duration, nothing } from './figures.ts'
import { pairs, table } from './table.ts'

/** `12,300 of 100,000 rows, 1,240 rows/s, 11,900 pictures, 3 failed, 1 min 11 s left` */
export function progressText({ state, rows, failed, pictures, total }: ImportProgress, seconds: number): string {
  if (state === 'looking' && pictures > 0) return `looking: ${count(pictures)} pictures`
  if (state !== 'importing') return state
  const rate = rows / Math.max(0.001, seconds)
  return [
    `${count(rows)}${total === null ? '' : ` of ${count(total)}`} rows`,
    `${count(rate)} rows/s`,
    `${count(pictures)} pictures`,
    `${count(failed)} failed`,
    ...(total === null || rows === 0 ? [] : [`${duration(Math.max(0, total - rows) / rate)} left`]),
  ].join(', ')
}

/**
 * The mapping as YAML, then rows and failures as comments in it: the whole output can be saved as a
 * mapping file.
 */
export function dryRunLines(prepared: Prepared, seen: DryRun, maxFailed: FailedRowsLimit): string[] {
  const { source, mapping, notes } = prepared
  const { found, reader } = source
  const files = `${count(found.files.length)} file${found.files.length === 1 ? '' : 's'}`
  const about = [
    `${found.format}, ${files}${reader.total === null ? '' : `, ${count(reader.total)} rows`}; nothing was written`,
    ...notes,
  ]
  return [
    ...about.map((line) => `# ${line}`),
    '# save this, change what is wrong, and give it back with --mapping',
    ...mappingText(mapping).trimEnd().split('\n'),
    '',
    `# The first rows${seen.rows.length === 0 ? ': none can be used' : ''}`,
    ...seen.rows.flatMap((ready) => ['#', ...rowLines(ready).map((line) => `#   ${line}`)]),
    '',
    ...countLines(seen, maxFailed).map((line) => `# ${line}`),
  ]
}

function rowLines({ row, sourceId, pictures }: DryRun['rows'][number]): string[] {
  const { question, answer, kind, choices, precision, policy, description, trace, metadata } = row
  const text = (value: string | null): string => (value === null || value === '' ? nothing : clip(value, 90))
  return pairs([
    ['id', sourceId],
    ['images', pictures.map(({ width, height, mediaType }) => `${width}×${height} ${mediaType}`).join(', ') || nothing],
    ['question', text(question)],
    ['answer', text(answer)],
    ...(choices ? [['choices', clip(choices.join(' | '), 90)] as const] : []),
    ...(kind === 'auto' ? [] : [['kind', kind] as const]),
    ...(precision === null ? [] : [['precision', String(precision)] as const]),
    ...(policy === null ? [] : [['policy', clip(JSON.stringify(policy), 90)] as const]),
    ...(description === null ? [] : [['description', text(description)] as const]),
    ...(trace === null ? [] : [['trace', text(trace)] as const]),
    ...(Object.keys(metadata).length === 0 ? [] : [['metadata', clip(JSON.stringify(metadata), 90)] as const]),
  ])
}

const changedLines = (changed: readonly NoteCount[]): string[] =>
  changed.map(({ note, rows }) => `${count(rows)} ${noteText(note)}`)

function countLines(
  { looked, failed, withoutQuestion, withoutAnswer, changed }: DryRun,
  maxFailed: FailedRowsLimit,
): string[] {
  const bad = failed.reduce((sum, { rows }) => sum + rows, 0)
  return [
    `Of the first ${count(looked)} rows, ${count(bad)} would fail${bad === 0 ? '' : ` (${percent(bad / looked)})`}`,
    ...failed.map(({ reason, rows, first }) => `  ${reason} ${count(rows)}, first ${clip(first, 160)}`),
    ...(areTooMany(bad, looked, maxFailed)
      ? [
          `that is more than ${limitText(maxFailed)}, so an import would be refused: mend the source, or raise --max-failed`,
        ]
      : []),
    ...(withoutQuestion > 0
      ? [`${count(withoutQuestion)} have no question: steps can write them, benchmarks need them`]
      : []),
    ...(withoutAnswer > 0 ? [`${count(withoutAnswer)} have no answer`] : []),
    ...changedLines(changed),
  ]
}

/** A dry run for programs: the mapping as an object, rows with the sizes of their pictures. */
export const dryRunJson = ({ source, mapping, notes }: Prepared, seen: DryRun): unknown => ({
  format: source.found.format,
  files: source.found.files.length,
  total: source.reader.total,
  mapping,
  notes,
  ...seen,
  rows: seen.rows.map(({ row, sourceId, pictures }) => {
    const { failure: _failure, pictures: _refs, id: _id, part: _part, notes: changed, line, ...rest } = row
    return { id: sourceId, line, images: pictures, ...rest, changed }
  }),
})

/** What an import came to, for people. */
export function importedLines(imported: Imported, notes: readonly string[]): string[] {
  const { name, rows, failed, pictures, failures, importedBefore, rowsBefore, changed } = imported
  const before = importedBefore
    ? ', imported before'
    : rowsBefore > 0
      ? `; ${count(rowsBefore)} were here from a run that did not end or was refused`
      : ''
  return [
    `${name}: ${count(rows)} rows with ${count(pictures)} pictures${before}`,
    ...(failed > 0
      ? [
          failed === 1
            ? '1 row cannot be used and is kept as failed:'
            : `${count(failed)} rows cannot be used and are kept as failed:`,
        ]
      : []),
    ...failures.map((failure) => `  ${failure.reason} ${count(failure.rows)}`),
    ...notes.map((note) => `note: ${note}`),
    ...changedLines(changed ?? []).map((line) => `of all rows: ${line}`),
    `in a recipe: path: import:${name}`,
  ]
}

const differencesShown = 50

/** What a second look at an import came to. */
export function checkLines(check: ImportCheck): string[] {
  const { name, sources, compared, imported, differences, changed } = check
  const rows = new Set(differences.map(({ row }) => row)).size
  const found = rows === 0 ? 'none differs' : rows === 1 ? '1 differs' : `${count(rows)} differ`
  const from = sources.length === 1 ? sources[0] : `${sources[0]} and ${sources.length - 1} more`
  const more = differences.length - differencesShown
  return [
    `${name}: ${count(compared)} of ${count(imported)} rows compared with ${from}, ${found}`,
    ...changed.map((sentence) => `  the source has changed since: ${sentence}`),
    ...differences
      .slice(0, differencesShown)
      .flatMap(({ row, line, field, imported: before, source }) => [
        `  ${line === null ? `row ${row}` : `row ${row}, line ${line}`}, ${field}${line === null ? ': the source has no such row' : ''}`,
        ...pairs([['imported', shown(before)], ...(line === null ? [] : [['source', shown(source)] as const])]).map(
          (text) => `    ${text}`,
        ),
      ]),
    ...(more > 0 ? [`  … and ${count(more)} more differences: --json lists them`] : []),
    ...(differences.length > 0 || changed.length > 0
      ? [`to take the source as it is now: hone import SOURCE --as ${name} --replace (campaigns keep their rows)`]
      : []),
  ]
}

const shown = (value: unknown): string => (value === null ? nothing : clip(JSON.stringify(value), 160))

/** Imports as a table. */
export function listLines(imports: readonly ImportRecord[]): string[] {
  if (imports.length === 0) return ['There is no import yet: hone import SOURCE --as NAME']
  return table(
    [
      { head: 'NAME' },
      { head: 'ROWS', align: 'right' },
      { head: 'FAILED', align: 'right' },
      { head: 'PICTURES', align: 'right' },
      { head: 'DATE' },
      { head: 'FROM' },
    ],
    imports.map(({ name, rows, failed, pictures, createdAt, path }) => [
      name,
      rows === null ? nothing : count(rows),
      count(failed),
      count(pictures),
      clock(createdAt),
      path ?? nothing,
    ]),
  )
}

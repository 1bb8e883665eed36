import type { NamedStatistics } from '../../views/dataset-statistics.ts'
import { percent } from '../../domain/percent.ts'
import { clip, count, figure, nothing } from './figures.ts'
import { table } from './table.ts'

/** A column of the table: a dataset, or a file, of which some lines could not be read. */
export type StatisticsColumn = NamedStatistics & { unreadable?: number }

/** The most abilities, and the most types, that a table shows; JSON has all of them. */
const shownNames = 20
const nameWidth = 40

type Cell = (one: StatisticsColumn) => string

const number = (value: number | null | undefined): string => (typeof value === 'number' ? figure(value) : nothing)
const share = (value: number | null | undefined): string => (typeof value === 'number' ? percent(value) : nothing)
const bits = (value: number | null): string => (value === null ? nothing : value.toFixed(2))

/** A table with a column for each dataset. Rows without a value in any column are left out. */
export function statisticsLines(all: readonly StatisticsColumn[]): string[] {
  const rows: (readonly [name: string, cell: Cell])[] = [
    ['rows', ({ rows }) => count(rows)],
    ['unreadable lines', ({ unreadable = 0 }) => (unreadable === 0 ? nothing : count(unreadable))],
    ['questions', ({ diversity }) => count(diversity.questions)],
    ['pictures', ({ diversity }) => count(diversity.pictures)],
    ['questions a picture', ({ diversity }) => number(diversity.questionsPerPicture)],
    ...traceRows(all),
    ...abilityRows(all),
    ...names(all, ({ diversity }) => diversity.types.map(({ type }) => type)).map(
      (name) => [`type ${name}`, typeShare(name)] as const,
    ),
    ['entropy of types, bits', ({ diversity }) => bits(diversity.entropy.types)],
    ['entropy of categories', ({ diversity }) => bits(diversity.entropy.categories)],
    ['entropy of answers', ({ diversity }) => bits(diversity.entropy.answers)],
    ['entropy of words', ({ diversity }) => bits(diversity.words.entropy1)],
    ['entropy of word pairs', ({ diversity }) => bits(diversity.words.entropy2)],
    ['distinct-1', ({ diversity }) => number(diversity.words.distinct1)],
    ['distinct-2', ({ diversity }) => number(diversity.words.distinct2)],
  ]
  const cells = rows
    .map(([name, cell]) => [clip(name, nameWidth), ...all.map(cell)])
    .filter(([, ...values]) => values.some((value) => value !== nothing))
  const columns = [{ head: '' }, ...all.map(({ name }) => ({ head: ending(name), align: 'right' as const }))]
  return [...table(columns, cells), ...notes(all)]
}

/** The end of a path says more than its beginning. */
const ending = (name: string): string => (name.length <= nameWidth ? name : `…${name.slice(1 - nameWidth)}`)

function traceRows(all: readonly StatisticsColumn[]): [string, Cell][] {
  if (all.every(({ traces }) => traces.traces === 0)) return []
  const words = names(all, ({ traces }) => traces.reflections.map(({ word }) => word))
  return [
    ['traces', ({ traces }) => count(traces.traces)],
    ['words a trace, mean', ({ traces }) => number(traces.words?.mean)],
    ['words a trace, median', ({ traces }) => number(traces.words?.median)],
    ['words a trace, p95', ({ traces }) => number(traces.words?.p95)],
    ...words.map((name): [string, Cell] => [
      `"${name}"`,
      ({ traces }) => {
        const found = traces.reflections.find(({ word }) => word === name)
        return found === undefined || traces.traces === 0 ? nothing : count(found.count)
      },
    ]),
  ]
}

function abilityRows(all: readonly StatisticsColumn[]): [string, Cell][] {
  const abilities = names(all, ({ diversity }) => diversity.abilities.map(({ ability }) => ability))
  if (abilities.length === 0) return []
  return [
    ...abilities.map((name): [string, Cell] => [
      `needs ${name}`,
      ({ diversity }) => share(diversity.abilities.find(({ ability }) => ability === name)?.share),
    ]),
    ['sets of abilities', ({ diversity }) => (diversity.withAbilities === 0 ? nothing : count(diversity.abilitySets))],
  ]
}

const typeShare =
  (name: string): Cell =>
  ({ diversity: { types } }) => {
    const sum = types.reduce((total, one) => total + one.count, 0)
    const found = types.find(({ type }) => type === name)
    return found ? share(found.count / sum) : nothing
  }

/** Names that any dataset has, in the order in which they first occur. */
const names = (all: readonly StatisticsColumn[], of: (one: StatisticsColumn) => string[]): string[] =>
  [...new Set(all.flatMap(of))].slice(0, shownNames)

function notes(all: readonly StatisticsColumn[]): string[] {
  return all.flatMap(({ name, diversity: { cut } }) =>
    cut.length === 0
      ? []
      : [
          `${name}: the tables of ${cut.join(', ')} were full before the end; their figures hold for the first questions.`,
        ],
  )
}

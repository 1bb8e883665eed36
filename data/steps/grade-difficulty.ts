import { z } from 'zod'
import { contentHash } from '../../artifacts/hash.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { difficulties, knownMetadata } from '../../domain/rows.ts'
import type { Row } from '../../domain/rows.ts'
import { gradeGroups } from '../statistics/grade-groups.ts'
import type { GroupEvidence, GroupGrade } from '../statistics/grade-groups.ts'
import { dropped, outcome } from './outcome.ts'
import type { RowStep } from './step.ts'
import type { EvidenceRow } from '../../domain/rows.ts'
import { own } from '../../domain/own.ts'

const options = z.strictObject({
  step: z.literal('grade-difficulty'),
  ...dataStepBase,
  /**
   * Datasets that the grades rest on: judged answers of the base model, rows that `rate` has rated,
   * and the samples before judging. Only the samples show which answers were cut, empty or refused.
   */
  evidence: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /**
   * The metadata field that groups the rows. A grade belongs to a group, never to a single
   * question.
   */
  by: z.string().min(1).default('source'),
  /** Rows with these grades stay. All rows stay when absent. */
  keep: z.array(z.enum(difficulties)).min(1).optional(),
})

/** Grades by the group's name. */
type Grades = ReadonlyMap<string, GroupGrade>

/**
 * Grades each source as easy, medium or hard, from the base model's error rate and a rater's
 * numbers (OpenVLThinker, arXiv 2503.17352v3, difficulty labels of the RL curriculum; see {@link
 * gradeGroups}). Rows get `difficulty` and `difficultyScore` in their metadata. A source with only
 * one kind of evidence is graded by that kind.
 */
export const gradeDifficulty: RowStep<typeof options, Grades> = {
  per: 'row',
  options,
  summary: 'grade each source as easy, medium or hard, by error rate and ratings',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  evidence: {
    async reduce(rows, { by }) {
      const grades = gradeGroups(await tally(rows, by))
      return new Map(grades.map((grade) => [grade.group, grade]))
    },
  },
  run(row, { options: { by, keep }, overview }) {
    const grade = overview.get(groupOf(row, by))
    if (!grade) return Promise.resolve([dropped(row, 'no-evidence')])
    const { difficulty, score } = grade
    const changes = { metadata: { ...row.metadata, difficulty, difficultyScore: score } }
    const leaves = keep !== undefined && !keep.includes(difficulty)
    return Promise.resolve([outcome(row, leaves ? `difficulty-${difficulty}` : null, { changes })])
  },
}

/**
 * The row's group. Rows without the field, or with anything but a word, number or boolean in it,
 * form the group ''.
 */
function groupOf({ metadata }: Pick<Row, 'metadata'>, by: string): string {
  const value = own(metadata, by)
  return typeof value === 'string' ? value : ['number', 'boolean'].includes(typeof value) ? String(value) : ''
}

/** Reasons for which `sample` drops a row before a verdict is possible. */
const unansweredReasons = new Set(['truncated', 'empty-trace', 'refused'])

/**
 * Counts the evidence of each group.
 *
 * Later rows inherit verdicts and ratings; each verdict or rating counts once. So the result does
 * not depend on which steps of a chain the recipe names. Otherwise a verified dataset together with
 * its correct rows would make every source look easier. A sample is known by its number, or by its
 * text if it has no number: `clean` changes texts.
 *
 * An unverifiable answer counts as wrong. If the evidence names the step that drew the samples, a
 * sample that never became an answer counts as wrong too. Otherwise a source with many cut answers
 * would look easy.
 *
 * Memory: a few hashes for each sample and each rated question.
 */
async function tally(rows: AsyncIterable<EvidenceRow>, by: string): Promise<GroupEvidence[]> {
  const groups = new Map<string, GroupEvidence>()
  const seen = new Set<string>()
  const answered = new Set<string>()
  const unanswered = new Map<string, { from: string; known: GroupEvidence }>()
  /** Datasets that hold samples. Only in these does a failed row count as a sample. */
  const sampled = new Set<string>()
  const keyOf = (row: EvidenceRow, group: string, ...what: (string | number | null)[]): string =>
    contentHash([group, row.originId, row.question, row.choices, ...what]).slice(0, 24)
  const isNew = (key: string): boolean => seen.size < seen.add(key).size
  for await (const row of rows) {
    const group = groupOf(row, by)
    const known = groups.get(group) ?? { group, answers: 0, wrong: 0, ratings: 0, ratingSum: 0 }
    groups.set(group, known)
    const sampleIndex = sampleIndexOf(row)
    const sample = sampleIndex ?? row.trace
    const key = keyOf(row, group, 'sample', sampleIndex)
    if (sampleIndex !== null) sampled.add(row.from)
    if (row.verdict !== null && isNew(keyOf(row, group, 'verdict', sample, row.verdict.verdict))) {
      known.answers += 1
      if (row.verdict.verdict !== 'correct') known.wrong += 1
    }
    if (isUnanswered(row)) unanswered.set(key, { from: row.from, known })
    else if (sampleIndex !== null && (row.verdict !== null || row.status === 'kept')) answered.add(key)
    const { rating } = knownMetadata(row.metadata)
    if (rating !== undefined && Number.isFinite(rating) && isNew(keyOf(row, group, 'rating', rating))) {
      known.ratings += 1
      known.ratingSum += rating
    }
  }
  for (const [key, { from, known }] of unanswered) {
    if (answered.has(key) || !sampled.has(from)) continue
    known.answers += 1
    known.wrong += 1
  }
  return [...groups.values()]
}

/** Number of the sample that this row is, or that it was made from. */
function sampleIndexOf({ metadata }: EvidenceRow): number | null {
  const { sampleIndex } = metadata
  return typeof sampleIndex === 'number' ? sampleIndex : null
}

/**
 * Whether a row may be a sample without an answer: it was cut, empty or refused, or its request
 * failed. A row whose requests all failed has no number and counts as one sample. A failed row with
 * a number comes from a later step.
 */
function isUnanswered(row: EvidenceRow): boolean {
  if (row.verdict !== null || row.status === 'kept') return false
  const sampleIndex = sampleIndexOf(row)
  if (row.status === 'failed') return sampleIndex === null && row.reason !== 'step-error'
  return sampleIndex !== null && (row.trace === null || unansweredReasons.has(row.reason ?? ''))
}

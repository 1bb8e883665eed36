import { z } from 'zod'
import { contentHash } from '../../artifacts/hash.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { difficulties, knownMetadata, type Row } from '../../domain/rows.ts'
import { gradeGroups, type GroupEvidence, type GroupGrade } from '../statistics/grade-groups.ts'
import { dropped, outcome } from './outcome.ts'
import type { EvidenceRow, RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('grade-difficulty'),
  ...dataStepBase,
  /**
   * Datasets that grades rest on: judged answers of the base model, rows that `rate` has rated, and the samples that were
   * judged: only they know of answers that were cut, empty or refused.
   */
  evidence: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** Field of the metadata that groups the rows. A grade is one of the group, never of a single question. */
  by: z.string().min(1).default('source'),
  /** Grades that stay; all when absent. */
  keep: z.array(z.enum(difficulties)).min(1).optional(),
})

/** Grades of the groups by name. */
type Grades = ReadonlyMap<string, GroupGrade>

/**
 * Grades each source as easy, medium or hard, from the base model's error rate and a rater's numbers (OpenVLThinker,
 * arXiv 2503.17352v3, difficulty labels of the RL curriculum; see {@link gradeGroups}). Rows get `difficulty` and
 * `difficultyScore` in their metadata. A source with only one kind of evidence is graded by that.
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

/** The row's group: rows that lack the field, or have something else than a word or number there, are one of their own. */
function groupOf({ metadata }: Pick<Row, 'metadata'>, by: string): string {
  const value = Object.hasOwn(metadata, by) ? metadata[by] : undefined
  return typeof value === 'string' ? value : ['number', 'boolean'].includes(typeof value) ? String(value) : ''
}

/** What `sample` drops before anything can judge it. */
const UNANSWERED = new Set(['truncated', 'empty-trace', 'refused'])

/**
 * Evidence of each group. A verdict or rating that later rows have inherited counts once, so that it does not matter which
 * steps of a chain are named: else a verified dataset and one made of its correct rows would make every source look
 * easier. Samples are told apart by their number, where they have none by their text, since `clean` changes texts. An
 * answer that could not be verified counts as wrong. So does a sample that never became an answer, where the evidence
 * names the step that drew it: else a source whose answers are often cut would look easy. Memory: a few hashes a sample
 * and a rated question.
 */
async function tally(rows: AsyncIterable<EvidenceRow>, by: string): Promise<GroupEvidence[]> {
  const groups = new Map<string, GroupEvidence>()
  const seen = new Set<string>()
  const answered = new Set<string>()
  const unanswered = new Map<string, { from: string; known: GroupEvidence }>()
  /** Datasets that hold samples: only there a failed row is one. */
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

/** The number of the sample that a row is or was made from. */
function sampleIndexOf({ metadata }: EvidenceRow): number | null {
  const { sampleIndex } = metadata
  return typeof sampleIndex === 'number' ? sampleIndex : null
}

/**
 * Whether a row may be a sample without an answer: cut, empty, refused, or its request failed. A row all of whose requests
 * failed has no number and counts as one; a failed row with a number is one of a later step.
 */
function isUnanswered(row: EvidenceRow): boolean {
  if (row.verdict !== null || row.status === 'kept') return false
  const sampleIndex = sampleIndexOf(row)
  if (row.status === 'failed') return sampleIndex === null && row.reason !== 'step-error'
  return sampleIndex !== null && (row.trace === null || UNANSWERED.has(row.reason ?? ''))
}

import { difficulties } from '../../domain/rows.ts'
import type { Difficulty } from '../../domain/rows.ts'
import { kMeans } from './k-means.ts'
import { zScores } from './z-scores.ts'

/**
 * Evidence about a group of questions: how often a model fails, and how hard a rater finds them.
 */
export interface GroupEvidence {
  group: string
  /** Answers of the model with a verdict. */
  answers: number
  /** Answers that are not correct. */
  wrong: number
  ratings: number
  /** Sum of the ratings. All groups must use the same scale. */
  ratingSum: number
}

/** A group's grade and its evidence. */
export interface GroupGrade {
  group: string
  /** Share of wrong answers. Null without a judged answer. */
  errorRate: number | null
  /** Mean rating. Null without a rating. */
  rating: number | null
  /** Mean of the group's z-scores. Higher is harder. */
  score: number
  difficulty: Difficulty
}

/**
 * Grades groups against each other (OpenVLThinker, arXiv 2503.17352v3). Error rate and mean rating
 * become z-scores over the groups that have them. Their average is split by 1-D k-means into easy,
 * medium and hard. Groups without evidence are left out. Two distinct scores make easy and hard, a
 * single score makes medium. The order of the groups makes no difference.
 */
export function gradeGroups(evidence: readonly GroupEvidence[]): GroupGrade[] {
  const known = evidence
    .filter(({ answers, ratings }) => answers + ratings > 0)
    .toSorted((a, b) => (a.group < b.group ? -1 : 1))
    .map(({ group, answers, wrong, ratings, ratingSum }) => ({
      group,
      errorRate: answers === 0 ? null : wrong / answers,
      rating: ratings === 0 ? null : ratingSum / ratings,
    }))
  const errorScores = scoresOf(known.map(({ errorRate }) => errorRate))
  const ratingScores = scoresOf(known.map(({ rating }) => rating))
  const scores = known.map((_, index) => {
    const own = [errorScores[index], ratingScores[index]].filter((score) => typeof score === 'number')
    return own.reduce((sum, score) => sum + score, 0) / own.length
  })
  const { labels, centres } = kMeans(scores, difficulties.length)
  return known.map((group, index) => ({
    ...group,
    score: scores[index] ?? 0,
    difficulty: nameOf(labels[index] ?? 0, centres.length),
  }))
}

/** The z-score of each value. Null stays null. */
function scoresOf(values: readonly (number | null)[]): (number | null)[] {
  const scores = zScores(values.filter((value) => value !== null))
  let next = 0
  return values.map((value) => (value === null ? null : (scores[next++] ?? null)))
}

function nameOf(cluster: number, clusters: number): Difficulty {
  if (clusters === 1) return 'medium'
  return cluster === 0 ? 'easy' : cluster === clusters - 1 ? 'hard' : 'medium'
}

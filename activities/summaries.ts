import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { listRounds } from '../db/rounds.ts'
import { listScores } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { decisions } from '../domain/gate.ts'
import { graderOfScore } from '../evaluation/score-identity.ts'
import type { RoundSummary, ScoreSummary } from './types.ts'

/** A stored score as it travels. */
export function scoreSummary({ benchmark, n, accuracy, low, high, identity }: ScoreRecord): ScoreSummary {
  const grader = graderOfScore(identity)
  return { benchmark, n, accuracy, low, high, ...(grader && { verifier: grader.verifier }) }
}

const decision = z.enum(decisions).nullable()

/** A line for each round: its status and the scores of its end, report benchmarks first. */
export async function roundSummaries(db: Database, campaign: string): Promise<RoundSummary[]> {
  const [rounds, scores] = await Promise.all([listRounds(db, campaign), listScores(db, campaign)])
  return rounds.map((round) => {
    // Scores come in the order of steps, so a benchmark's last score is that of the round's end.
    const ofRound = new Map(
      scores.filter((score) => score.roundNumber === round.number).map((score) => [score.benchmark, score]),
    )
    const ordered = [...ofRound.values()].sort(
      (a, b) => Number(b.splitRole === 'report') - Number(a.splitRole === 'report'),
    )
    const { startedAt, closedAt } = round
    return {
      round: round.number,
      parent: round.parentNumber,
      status: round.status,
      decision: decision.parse(round.decision),
      scores: ordered.map(scoreSummary),
      seconds: closedAt ? (closedAt.getTime() - startedAt.getTime()) / 1000 : null,
    }
  })
}

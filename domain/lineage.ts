import { HoneError } from './errors.ts'

/** A round as lineage sees it. Round 0 is the base model and has no parent. */
export interface RoundNode {
  number: number
  parent: number | null
}

/** The number of the next round. No number is used twice, also not after a rollback. */
export function nextRoundNumber(rounds: readonly RoundNode[]): number {
  return rounds.reduce((highest, round) => Math.max(highest, round.number), 0) + 1
}

/**
 * The round and its ancestors, nearest first, down to the base model. Throws a RangeError for a
 * round that is not there.
 */
export function ancestors(rounds: readonly RoundNode[], from: number): number[] {
  const byNumber = new Map(rounds.map((round) => [round.number, round]))
  const path: number[] = []
  let at: number | null = from
  while (at !== null) {
    const round: RoundNode | undefined = byNumber.get(at)
    if (!round) throw new RangeError(`round ${at} does not exist`)
    if (path.includes(at)) throw new RangeError(`round ${at} is its own ancestor`)
    path.push(at)
    at = round.parent
  }
  return path
}

/** Training rounds between the base model and this round: what "round n" of a paper means. */
export function depth(rounds: readonly RoundNode[], from: number): number {
  return ancestors(rounds, from).length - 1
}

/**
 * Why a round cannot be the head, or null when it can: only a round that ended well can. `round` is
 * null or undefined for a number that no round has.
 */
export function headRefusal(
  campaign: string,
  number: number,
  round: { status: string } | null | undefined,
): HoneError | null {
  if (round?.status === 'closed') return null
  return new HoneError({
    type: 'UnknownRound',
    message: round
      ? `round ${number} of ${campaign} is ${round.status}: only a round that ended well can be the head`
      : `campaign "${campaign}" has no round ${number}`,
    nextStep: `choose a closed round; see: hone rounds ${campaign}`,
  })
}

import { ancestors } from '../domain/lineage.ts'

/** A round at its place in the tree. */
export interface RoundPlace {
  round: number
  /** 0 on the main line; 1 on a branch of the main line; 2 on a branch of a branch; … */
  depth: number
  /** Whether the head descends from the round, or is the round. */
  onLine: boolean
}

/**
 * Rounds in the order in which a tree shows them. The main line leads from the base model to the
 * head, or to the newest round where there is no head. A round that was left behind is on a branch,
 * and follows the round that it came from.
 */
export function roundTree(
  rounds: readonly { round: number; parent: number | null }[],
  head: number | null,
): RoundPlace[] {
  const nodes = rounds.map(({ round, parent }) => ({ number: round, parent }))
  const hasHead = head !== null && nodes.some(({ number }) => number === head)
  const line = new Set(hasHead ? ancestors(nodes, head) : [])
  const places: RoundPlace[] = []
  const visit = (round: number, depth: number): void => {
    places.push({ round, depth, onLine: line.has(round) })
    const children = nodes.filter(({ parent }) => parent === round).map(({ number }) => number)
    const main = children.find((child) => line.has(child)) ?? children.at(-1)
    for (const child of children) if (child !== main) visit(child, depth + 1)
    if (main !== undefined) visit(main, depth)
  }
  for (const { number, parent } of nodes) if (parent === null) visit(number, 0)
  return places
}

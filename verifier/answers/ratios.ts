import type { Quantity, Ratio, Structure } from './structure.ts'

/** 2:3, and 2/3 as the ratio 2:3. Null for other structures. */
export function ratioOf(structure: Structure): Ratio | null {
  if (structure.type === 'ratio') return structure
  if (structure.type !== 'quantity' || structure.exact === null) return null
  const { n, d } = structure.exact
  const part = (exact: { n: bigint; d: bigint }): Quantity => ({ ...structure, exact, percent: false, unit: null })
  return { type: 'ratio', parts: [part({ n, d: 1n }), part({ n: d, d: 1n })] }
}

/** Whether two ratios of the same length reduce to the same ratio. Only exact parts can. */
export function sameProportion(a: Ratio, b: Ratio): boolean {
  const [first, other] = [a.parts[0]?.exact, b.parts[0]?.exact]
  if (!first || !other || first.n === 0n || other.n === 0n) return false
  return a.parts.every((part, index) => {
    const [x, y] = [part.exact, b.parts[index]?.exact]
    // x / first = y / other, multiplied out.
    return (
      x !== null && y !== null && y !== undefined && x.n * first.d * y.d * other.n === y.n * other.d * x.d * first.n
    )
  })
}

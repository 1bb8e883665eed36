/** Numbers split into clusters. Clusters are numbered from 0, lowest centre first. */
export interface Clusters {
  /** Cluster of each value, in the order of the values. */
  labels: number[]
  /** Mean of each cluster, ascending. */
  centres: number[]
}

/**
 * The best split of numbers into `k` clusters: the smallest sum of squared distances to the
 * clusters' means. Fewer distinct values than `k` make fewer clusters; no values make no cluster.
 * Equal values share a cluster. Of two equally good splits the split whose upper clusters begin
 * lower is taken. So the order of the values makes no difference.
 *
 * Exact, by dynamic programming over the sorted values (Wang and Song 2011, Ckmeans.1d.dp). As the
 * ends rise, the range of a cluster's beginning is halved (Grønlund et al. 2017, arXiv 1701.07204,
 * section 2): k · n · log n. Lloyd's iteration was rejected: it needs a random start and may stop
 * at a worse split.
 */
export function kMeans(values: readonly number[], k: number): Clusters {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  const count = Math.min(k, sorted.length)
  if (count === 0) return { labels: [], centres: [] }
  const weights = new Map<number, number>()
  for (const value of values) weights.set(value, (weights.get(value) ?? 0) + 1)
  const sums = prefixSums(sorted, weights)
  const starts = clusterStarts(sums, sorted.length, count)
  const labelOf = new Map<number, number>()
  const centres = starts.map((start, cluster) => {
    const end = starts[cluster + 1] ?? sorted.length
    for (const value of sorted.slice(start, end)) labelOf.set(value, cluster)
    return (sorted[0] ?? 0) + difference(sums.value, start, end) / difference(sums.weight, start, end)
  })
  return { labels: values.map((value) => labelOf.get(value) ?? 0), centres }
}

/**
 * Entry n is the sum over the first n sorted values. The smallest value is subtracted first, so
 * that little precision is lost.
 */
interface Sums {
  weight: number[]
  value: number[]
  square: number[]
}

function prefixSums(sorted: readonly number[], weights: ReadonlyMap<number, number>): Sums {
  const sums: Sums = { weight: [0], value: [0], square: [0] }
  const [smallest = 0] = sorted
  sorted.forEach((value, index) => {
    const weight = weights.get(value) ?? 0
    const shifted = value - smallest
    sums.weight.push(at(sums.weight, index) + weight)
    sums.value.push(at(sums.value, index) + weight * shifted)
    sums.square.push(at(sums.square, index) + weight * shifted ** 2)
  })
  return sums
}

const at = (numbers: readonly number[], index: number): number => numbers[index] ?? 0
const difference = (sums: readonly number[], start: number, end: number): number => at(sums, end) - at(sums, start)

/** Sum of the squared distances of the sorted values from `start` to below `end` to their mean. */
function spread(sums: Sums, start: number, end: number): number {
  const mean = difference(sums.value, start, end) / difference(sums.weight, start, end)
  return Math.max(0, difference(sums.square, start, end) - difference(sums.value, start, end) * mean)
}

/** Beginning of each of the `count` clusters of the `n` sorted values. */
function clusterStarts(sums: Sums, n: number, count: number): number[] {
  // costs[end]: the lowest cost of the first `end` values in the number of clusters so far.
  let costs = Array.from({ length: n + 1 }, (_, end) => (end === 0 ? 0 : spread(sums, 0, end)))
  const beginnings: number[][] = []
  for (let clusters = 2; clusters <= count; clusters++) {
    const before = costs
    const next = Array.from({ length: n + 1 }, () => Infinity)
    const begins = Array.from({ length: n + 1 }, () => 0)
    // The best beginning of the last cluster never falls as its end rises, so each half has its own
    // search range.
    const fill = (from: number, to: number, low: number, high: number): void => {
      if (from > to) return
      const end = (from + to) >> 1
      for (let start = Math.max(low, clusters - 1); start <= Math.min(high, end - 1); start++) {
        const cost = at(before, start) + spread(sums, start, end)
        if (cost < at(next, end)) {
          next[end] = cost
          begins[end] = start
        }
      }
      fill(from, end - 1, low, at(begins, end))
      fill(end + 1, to, at(begins, end), high)
    }
    fill(clusters, n, clusters - 1, n - 1)
    costs = next
    beginnings.push(begins)
  }
  const starts: number[] = []
  let end = n
  for (const begins of beginnings.toReversed()) {
    end = at(begins, end)
    starts.unshift(end)
  }
  return [0, ...starts]
}

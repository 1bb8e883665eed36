import { callsOf } from './campaign-plan.ts'
import type { Cost, RoundPlan, StepPlan, Totals } from './campaign-plan.ts'
import { sum, times, together } from './count.ts'
import type { Count, Sum } from './count.ts'

/** Totals of the steps of one round. */
export function totalsOf(steps: readonly StepPlan[]): Totals {
  const calls = steps.flatMap(callsOf)
  const jobs = steps.flatMap((step) => (step.kind === 'training' ? step.jobs : []))
  const sft = jobs.filter(({ kind }) => kind === 'sft')
  const rl = jobs.filter(({ kind }) => kind === 'rl')
  const endpoints = [...new Set(calls.map(({ endpoint }) => endpoint))].map((endpoint) => {
    const own = calls.filter((call) => call.endpoint === endpoint)
    return { endpoint, ...callTotals(own), cost: addedCost(own.map(({ cost }) => cost)) }
  })
  return {
    ...callTotals(calls),
    endpoints,
    costs: costsOf(
      [...calls.map(({ cost }) => cost), ...jobs.map(({ gpuCost }) => gpuCost)].flatMap((cost) =>
        cost ? [{ currency: cost.currency, amount: sum([cost.amount]) }] : [],
      ),
    ),
    jobs: jobs.length,
    sftSteps: sum(sft.map(({ steps }) => steps)),
    rlSteps: sum(rl.map(({ steps }) => steps)),
    completions: sum(rl.map(({ completions }) => completions)),
    gpuHours: sum(jobs.map(({ gpuHours }) => gpuHours)),
    diskBytes: sum(
      jobs.flatMap(({ disk, files }) => [...Object.values<Count>(disk), ...files.map(({ bytes }) => bytes)]),
    ),
    shards: sum(steps.map((step) => (step.kind === 'data' || step.kind === 'evaluation' ? step.shards : 0))),
  }
}

interface Asked {
  calls: Count
  promptTokens: Count
  completionTokens: Count
}

const callTotals = (calls: readonly Asked[]) => ({
  calls: sum(calls.map((call) => call.calls)),
  promptTokens: sum(calls.map((call) => call.promptTokens)),
  completionTokens: sum(calls.map((call) => call.completionTokens)),
})

/** Cost of calls to one endpoint, whose calls share a currency; null when it states no prices. */
function addedCost(costs: readonly (Cost | null)[]): Cost | null {
  const [first] = costs
  if (!first) return null
  const { known, complete } = sum(costs.map((cost) => cost?.amount ?? null))
  return { currency: first.currency, amount: complete ? known : null }
}

function costsOf(costs: readonly { currency: string; amount: Sum }[]): Totals['costs'] {
  return [...new Set(costs.map(({ currency }) => currency))].map((currency) => ({
    currency,
    amount: together(costs.filter((cost) => cost.currency === currency).map(({ amount }) => amount)),
  }))
}

/** Totals of all rounds, each counted as often as it runs. */
export function campaignTotals(rounds: readonly RoundPlan[]): Totals {
  const all = (pick: (totals: Totals) => Sum): Sum =>
    together(rounds.map((round) => times(round.times, pick(round.totals))))
  const names = new Set(rounds.flatMap(({ totals }) => totals.endpoints.map(({ endpoint }) => endpoint)))
  const endpoints = [...names].map((endpoint) => {
    const own = (pick: (found: Totals['endpoints'][number]) => Sum): Sum =>
      all(({ endpoints }) => together(endpoints.filter((each) => each.endpoint === endpoint).map(pick)))
    const costs = rounds.flatMap(({ totals, times }) =>
      totals.endpoints
        .filter((each) => each.endpoint === endpoint)
        .map(({ cost }) => cost && { ...cost, amount: cost.amount === null ? null : cost.amount * times }),
    )
    return {
      endpoint,
      calls: own(({ calls }) => calls),
      promptTokens: own(({ promptTokens }) => promptTokens),
      completionTokens: own(({ completionTokens }) => completionTokens),
      cost: addedCost(costs),
    }
  })
  return {
    calls: all(({ calls }) => calls),
    promptTokens: all(({ promptTokens }) => promptTokens),
    completionTokens: all(({ completionTokens }) => completionTokens),
    endpoints,
    costs: costsOf(
      rounds.flatMap((round) =>
        round.totals.costs.map(({ currency, amount }) => ({ currency, amount: times(round.times, amount) })),
      ),
    ),
    jobs: rounds.reduce((total, round) => total + round.times * round.totals.jobs, 0),
    sftSteps: all(({ sftSteps }) => sftSteps),
    rlSteps: all(({ rlSteps }) => rlSteps),
    completions: all(({ completions }) => completions),
    gpuHours: all(({ gpuHours }) => gpuHours),
    diskBytes: all(({ diskBytes }) => diskBytes),
    shards: all(({ shards }) => shards),
  }
}

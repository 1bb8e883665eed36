import { callsOf } from '../../plan/campaign-plan.ts'
import type {
  CallPlan,
  CallTotals,
  CampaignPlan,
  Cost,
  JobPlan,
  RoundPlan,
  StepPlan,
  Totals,
} from '../../plan/campaign-plan.ts'
import { sum } from '../../plan/count.ts'
import type { Count, Sum } from '../../plan/count.ts'
import { bytes, count, figure } from './figures.ts'
import { pairs, table } from './table.ts'
import type { Column } from './table.ts'

const unknown = '?'

/**
 * A plan as people read it: for each round a table of steps and its training jobs, then the totals
 * and their assumptions.
 */
export function planText(plan: CampaignPlan): string[] {
  const { campaign, baseModel, rounds, totals } = plan
  return [
    `campaign ${campaign} on ${baseModel}${plan.modelBytes === null ? '' : ` (${bytes(plan.modelBytes)})`}`,
    'What would run; nothing was started. Figures are the most there can be; ? is not known before a run.',
    ...rounds.flatMap((round) => ['', ...roundText(round)]),
    '',
    `total of ${rounds.length === 1 && rounds[0]?.times === 1 ? 'this round' : 'all rounds'}`,
    ...indented(totalsText(totals, plan.gpus)),
    ...listed('unknown', plan.missing),
    ...listed('taken', plan.assumptions),
    ...listed('notes', plan.notes),
  ]
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === '' ? '' : `  ${line}`))
const listed = (head: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', head, ...lines.map((line) => `  - ${line}`)]

function roundText({ round, times, steps }: RoundPlan): string[] {
  const which =
    round === 0
      ? 'round 0: the base model, measured'
      : times === 1
        ? `round ${round}`
        : `rounds ${round} to ${round + times - 1}, each`
  if (steps.length === 0) return [which, '  no benchmark, so nothing is measured']
  const jobs = steps.flatMap((step) => (step.kind === 'training' ? step.jobs : []))
  return [which, ...indented(table(columns, steps.flatMap(stepRows))), ...jobs.flatMap((job) => indented(jobText(job)))]
}

const columns: Column[] = [
  { head: 'step' },
  { head: 'kind' },
  { head: 'from' },
  { head: 'rows in', align: 'right' },
  { head: 'rows out', align: 'right' },
  { head: 'asks' },
  { head: 'calls', align: 'right' },
  { head: 'prompt tokens', align: 'right' },
  { head: 'reply tokens', align: 'right' },
  { head: 'cost', align: 'right' },
  { head: 'shards', align: 'right' },
]

/** A line for each step, and one more for each further endpoint that the step asks. */
function stepRows(step: StepPlan): string[][] {
  const shards = step.kind === 'data' || step.kind === 'evaluation' ? number(step.shards) : ''
  const [first = Array.from({ length: 5 }, () => ''), ...others] = callsOf(step).map(callCells)
  return [
    [step.name, step.step, ...rowCells(step), ...first, shards],
    ...others.map((cells) => ['', '', '', '', '', ...cells]),
  ]
}

function rowCells(step: StepPlan): [from: string, rowsIn: string, rowsOut: string] {
  if (step.kind === 'data') return [step.from.join(' '), number(step.rowsIn), number(step.rowsOut)]
  if (step.kind === 'gate') return [`${step.benchmark} against ${step.against}`, '', '']
  if (step.kind === 'training')
    return [
      [...new Set(step.jobs.flatMap(({ from }) => from))].join(' '),
      step.jobs.map(({ rows }) => number(rows)).join(' + '),
      '',
    ]
  const items = total(sum(step.benchmarks.map((benchmark) => benchmark.items)))
  return [
    step.benchmarks.map(({ name }) => name).join(' '),
    step.checkpoints === 1 ? items : `${step.checkpoints} × ${items}`,
    '',
  ]
}

const callCells = ({ endpoint, calls, promptTokens, completionTokens, cost }: CallPlan): string[] => [
  endpoint,
  number(calls),
  number(promptTokens),
  number(completionTokens),
  cost ? money(cost) : '',
]

function jobText(job: JobPlan): string[] {
  const { output, snapshots, checkpoints } = job.disk
  const seen = job.completions === null ? '' : `${number(job.completions)} completions, `
  const passes = job.passes === null ? '' : `, ${figure(job.passes)} ${job.passes === 1 ? 'pass' : 'passes'}`
  const question = job.tokensAQuestion === null ? '' : `, ${count(job.tokensAQuestion)} a question`
  return [
    '',
    `job ${job.key}: ${job.kind} by ${job.trainer} from ${job.startFrom}`,
    ...indented(
      pairs([
        ['steps', `${number(job.steps)}${passes} over ${number(job.rows)} rows of ${job.from.join(' ')}`],
        ['tokens', `${seen}${number(job.tokens)} tokens${question}`],
        ['place', placeText(job)],
        [
          'GPU hours',
          (job.gpuHours === null ? unknown : figure(job.gpuHours)) + (job.gpuCost ? ` (${money(job.gpuCost)})` : ''),
        ],
        ['argv', job.argv.join(' ')],
        ['env', job.env.map((name) => (job.secretEnv.includes(name) ? `${name} (secret)` : name)).join(' ')],
        ['files', job.files.map((file) => `${file.path} ${size(file.bytes)}`).join(', ')],
        [
          'disk',
          [
            `weights ${size(output)}`,
            `checkpoints ${size(checkpoints)}`,
            ...(snapshots ? [`snapshots ${size(snapshots)}`] : []),
          ].join(', '),
        ],
      ]),
    ),
  ]
}

/** Where a job runs and what it asks for there, e.g. `slurm (slurm): 8 gpus, 12 hours`. */
function placeText({ place, launcher, resources }: JobPlan): string {
  const asked = Object.entries(resources).map(([name, value]) => `${value} ${name}`)
  return `${place} (${launcher ?? unknown})${asked.length === 0 ? '' : `: ${asked.join(', ')}`}`
}

function totalsText(totals: Totals, gpus: Count): string[] {
  const { endpoints, costs, jobs, sftSteps, rlSteps, completions, gpuHours, diskBytes, shards } = totals
  const asked = ({ calls, promptTokens, completionTokens }: CallTotals) => [
    total(calls),
    total(promptTokens),
    total(completionTokens),
  ]
  const right = { align: 'right' as const }
  return [
    ...table(
      [
        { head: 'endpoint' },
        { head: 'calls', ...right },
        { head: 'prompt tokens', ...right },
        { head: 'reply tokens', ...right },
        { head: 'cost', ...right },
      ],
      [
        ...endpoints.map((one) => [one.endpoint, ...asked(one), one.cost ? money(one.cost) : '']),
        [
          'all',
          ...asked(totals),
          costs.map(({ currency, amount }) => `${total(amount, price)} ${currency}`).join(' + '),
        ],
      ],
    ),
    '',
    ...pairs([
      ['training jobs', count(jobs)],
      ['optimizer steps', `${total(sftSteps)} of SFT, ${total(rlSteps)} of RL`],
      ['completions in RL', total(completions)],
      ['GPU hours', total(gpuHours, figure) + onGpus(gpuHours, gpus)],
      ['disk', total(diskBytes, bytes)],
      ['Temporal shards', total(shards)],
    ]),
  ]
}

/** Time by the clock, if the GPUs share the work evenly. */
const onGpus = (hours: Sum, gpus: Count): string =>
  gpus === null || hours.known === 0 ? '' : ` (${figure(hours.known / gpus)} hours on ${gpus} GPUs)`

const price = (amount: number): string => amount.toFixed(2)
const number = (value: Count): string => (value === null ? unknown : count(value))
const size = (value: Count): string => (value === null ? unknown : bytes(value))
const money = ({ amount, currency }: Cost): string => `${amount === null ? unknown : price(amount)} ${currency}`

/** The known part of a total, and whether there is more to it. */
function total({ known, complete }: Sum, show: (value: number) => string = count): string {
  if (complete) return show(known)
  return known === 0 ? unknown : `${show(known)} + ${unknown}`
}

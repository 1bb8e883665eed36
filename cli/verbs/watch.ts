import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import type { Database } from '../../db/database.ts'
import { listEvents, type EventRecord } from '../../db/events.ts'
import type { CampaignStatus } from '../../db/schema/campaigns.ts'
import { runningSteps, type StepProgress } from '../../db/step-progress.ts'
import { campaignOverview, type CampaignOverview } from '../../db/round-views.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { endScores, eventLines, progressText } from '../text/overview.ts'
import { positiveSeconds } from '../options.ts'
import { campaignExitCode, statusLines } from './status.ts'
import { clip, clock, count, duration, interval } from '../text/table.ts'
import { Interrupted, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone watch
  $ hone watch demo > campaign.log &              a line a change where there is no terminal
  $ hone watch demo --json | jq -c '{status, head}'

Ends when the campaign ends: 0 finished, 3 failed or cancelled. Ctrl-C ends only the watching.`

/** What is looked at every second or so. */
export interface Look {
  overview: CampaignOverview
  running: readonly StepProgress[]
  events: readonly EventRecord[]
}

/** `hone watch [CAMPAIGN]`. */
export function watchCommand(terminal: Terminal): Command {
  return new Command('watch')
    .description('Follow a campaign until it ends: a live page on a terminal, a line a change elsewhere.')
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .option('--interval <seconds>', 'how often to look', positiveSeconds, 1)
    .option('--json', 'print JSON, one object a change')
    .addHelpText('after', EXAMPLES)
    .action(async (named: string | undefined, options: { interval: number; json?: boolean }) => {
      const stop = new AbortController()
      const interrupt = (): void => stop.abort(new Interrupted())
      const closed = (): void => stop.abort()
      process.once('SIGINT', interrupt)
      terminal.stdout.once('error', closed)
      const show = renderer(terminal, options.json === true)
      try {
        await withDatabase(terminal, async (db) => {
          const { id } = await chooseCampaign(db, named)
          const status = await followCampaign({ db, id, show, signal: stop.signal, intervalSeconds: options.interval })
          if (status !== null) process.exitCode = campaignExitCode(status)
        })
      } finally {
        process.removeListener('SIGINT', interrupt)
        terminal.stdout.removeListener('error', closed)
      }
      if (stop.signal.reason instanceof Interrupted) {
        terminal.stderr.write('\nNo longer watching; the campaign goes on.\n')
        throw stop.signal.reason
      }
    })
}

/** Shows a campaign until it ends and returns how; null when the signal ended the watching. */
export async function followCampaign(options: {
  db: Database
  id: string
  show: (look: Look) => void
  signal: AbortSignal
  intervalSeconds: number
}): Promise<CampaignStatus | null> {
  const { db, id, show, signal, intervalSeconds } = options
  for (;;) {
    const [overview, running, events] = await Promise.all([
      campaignOverview(db, id),
      runningSteps(db, id),
      listEvents(db, id),
    ])
    if (signal.aborted) return null
    show({ overview, running, events })
    if (overview.status !== 'running' && overview.status !== 'paused') return overview.status
    await sleep(intervalSeconds * 1000, undefined, { signal }).catch(() => undefined)
  }
}

/** How a look at a campaign is shown here: JSON lines, a live page on a terminal, a line a change elsewhere. */
export function renderer(terminal: Terminal, isJson: boolean): (look: Look) => void {
  if (isJson) return jsonRenderer(terminal)
  return terminal.stdout.isTTY === true ? liveRenderer(terminal) : lineRenderer(terminal)
}

function jsonRenderer({ stdout }: Terminal): (look: Look) => void {
  let last = ''
  return ({ overview, running }) => {
    const line = JSON.stringify({ ...overview, running })
    // Seconds that only pass are no change.
    const news = line.replaceAll(/"seconds":[\d.e+-]+/g, '')
    if (news === last) return
    last = news
    stdout.write(`${line}\n`)
  }
}

/** Redraws in place. Lines are cut to the window, so that each takes one row and moving up lands where it should. */
function liveRenderer({ stdout }: Terminal): (look: Look) => void {
  let drawn = 0
  return (look) => {
    const width = stdout.columns ?? 80
    const page = pageLines(look)
    const height = Math.max(2, (stdout.rows ?? 50) - 1)
    const shown =
      page.length <= height ? page : [...page.slice(0, height - 1), '… (the window is too low for the rest)']
    const lines = shown.map((line) => (line.length <= width ? line : `${line.slice(0, width - 1)}…`))
    const back = drawn === 0 ? '' : `\x1b[${drawn}A`
    stdout.write(`${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    drawn = lines.length
  }
}

/** The live page: status, rounds and the latest acts. */
export function pageLines({ overview, running, events }: Look): string[] {
  const acts = events.length === 0 ? [] : ['', ...eventLines(events.slice(-4))]
  return [...statusLines(overview, running), ...acts]
}

function lineRenderer({ stdout }: Terminal): (look: Look) => void {
  let before: Look | null = null
  return (look) => {
    for (const line of changes(before, look)) stdout.write(`${clock(new Date())}  ${line}\n`)
    before = look
  }
}

/** What happened between two looks, a line each: acts, steps, progress in tenths, rounds, the campaign. */
export function changes(before: Look | null, now: Look): string[] {
  const { overview } = now
  const known = new Set(before?.events.map(({ id }) => id))
  const acts = now.events
    .filter(({ id }) => before !== null && !known.has(id))
    .map(({ who, kind, why }) => `${kind} by ${who}${why === null ? '' : `: ${clip(why, 120)}`}`)
  const steps = stepChanges(before, now)
  const progress = now.running.flatMap((step) => {
    const earlier = before?.running.find((each) => each.round === step.round && each.step === step.step)
    return tenth(step) > (earlier ? tenth(earlier) : -1) ? [progressText(step)] : []
  })
  const rounds = roundChanges(before, now)
  const head = before?.overview.head === overview.head ? '' : `, head: round ${overview.head ?? 'none yet'}`
  const isNews = before?.overview.status !== overview.status || head !== ''
  const reason = overview.statusReason ? `: ${overview.statusReason}` : ''
  return [
    ...acts,
    ...steps,
    ...progress,
    ...rounds,
    ...(isNews ? [`${overview.campaign} ${overview.status}${head}${reason}`] : []),
  ]
}

/** Tenths of a step that are done: a line a tenth is enough for a log. */
function tenth({ done, total, job }: StepProgress): number {
  const planned = job?.metrics['totalSteps'] ?? 0
  if (job && job.kind !== 'serve') return planned > 0 ? Math.floor((10 * (job.step ?? 0)) / planned) : 0
  return total > 0 ? Math.floor((10 * done) / total) : 0
}

function stepChanges(before: Look | null, { overview }: Look): string[] {
  const stepsOf = (look: CampaignOverview) => [
    ...(look.base?.steps ?? []),
    ...look.rounds.flatMap(({ steps }) => steps),
  ]
  const known = new Map(before ? stepsOf(before.overview).map(({ id, status }) => [id, status]) : [])
  return stepsOf(overview).flatMap((step) => {
    // What ended before the first look is told by the rounds.
    if (step.status === 'running' || before === null || known.get(step.id) === step.status) return []
    const rows = step.rowsOut === null ? [] : [`${count(step.rowsOut)} of ${count(step.rowsIn ?? 0)} rows kept`]
    const scores = step.scores.map((score) => `${score.benchmark} ${interval(score)}`)
    const facts = [
      ...rows,
      ...scores,
      ...(step.reason === null ? [] : [clip(step.reason, 200)]),
      duration(step.seconds),
    ]
    return [`round ${step.round}  ${step.name}  ${step.status}: ${facts.join(', ')}`]
  })
}

function roundChanges(before: Look | null, { overview }: Look): string[] {
  const roundsOf = (look: CampaignOverview) => [...(look.base ? [look.base] : []), ...look.rounds]
  const known = new Map(before ? roundsOf(before.overview).map(({ round, status }) => [round, status]) : [])
  return roundsOf(overview).flatMap((round) => {
    if (round.status === 'running' || known.get(round.round) === round.status) return []
    const scores = [...endScores(round).values()].map((score) => `${score.benchmark} ${interval(score)}`)
    const facts = [round.status, ...(round.decision === null ? [] : [round.decision]), ...scores]
    return [`round ${round.round}  ${facts.join(', ')}`]
  })
}

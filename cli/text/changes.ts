import type { StepProgress } from '../../db/step-progress.ts'
import { allRounds, endScores } from '../../views/campaign.ts'
import type { CampaignLook } from '../../views/campaign.ts'
import { clip, count, duration } from './figures.ts'
import { progressText } from './overview.ts'
import { scoreWriter } from './scores.ts'

/** What happened between two looks, a line each: acts, steps, progress, rounds, the campaign. */
export function changeLines(before: CampaignLook | null, now: CampaignLook): string[] {
  return [
    ...actLines(before, now),
    ...endedStepLines(before, now),
    ...progressLines(before, now),
    ...waitLines(before, now),
    ...endedRoundLines(before, now),
    ...campaignLines(before, now),
  ]
}

function actLines(before: CampaignLook | null, now: CampaignLook): string[] {
  if (before === null) return []
  const known = new Set(before.events.map(({ id }) => id))
  return now.events
    .filter(({ id }) => !known.has(id))
    .map(({ who, kind, why }) => `${kind} by ${who}${why === null ? '' : `: ${clip(why, 120)}`}`)
}

/** Steps that ended since the look before. The first look tells of rounds alone. */
function endedStepLines(before: CampaignLook | null, { overview }: CampaignLook): string[] {
  if (before === null) return []
  const stepsOf = (look: Pick<CampaignLook, 'overview'>) => allRounds(look.overview).flatMap(({ steps }) => steps)
  const known = new Map(stepsOf(before).map(({ id, status }) => [id, status]))
  const written = scoreWriter(overview)
  return stepsOf({ overview })
    .filter(({ id, status }) => status !== 'running' && known.get(id) !== status)
    .map(({ round, name, status, rowsIn, rowsOut, scores, reason, seconds }) => {
      const facts = [
        ...(rowsOut === null ? [] : [`${count(rowsOut)} of ${count(rowsIn ?? 0)} rows kept`]),
        ...scores.map((score) => `${score.benchmark} ${written(score)}`),
        ...(reason === null ? [] : [clip(reason, 200)]),
        duration(seconds),
      ]
      return `round ${round}  ${name}  ${status}: ${facts.join(', ')}`
    })
}

/**
 * Running steps that began, or passed a tenth of their work: a line a tenth is enough for a log.
 */
function progressLines(before: CampaignLook | null, { running }: CampaignLook): string[] {
  return running.flatMap((step) => {
    const earlier = before?.running.find((each) => each.round === step.round && each.step === step.step)
    return tenths(step) > (earlier ? tenths(earlier) : -1) ? [progressText(step)] : []
  })
}

/** Running steps that wait for something else than at the look before. */
function waitLines(before: CampaignLook | null, { running }: CampaignLook): string[] {
  return running.flatMap(({ round, step, notice }) => {
    const earlier = before?.running.find((each) => each.round === round && each.step === step)
    return notice === null || notice === earlier?.notice ? [] : [`round ${round}  ${step}  ${clip(notice, 300)}`]
  })
}

/** Tenths of a step that are done. */
function tenths({ done, total, job }: StepProgress): number {
  const planned = job?.metrics['totalSteps'] ?? 0
  if (job && job.kind !== 'serve') return planned > 0 ? Math.floor((10 * (job.step ?? 0)) / planned) : 0
  return total > 0 ? Math.floor((10 * done) / total) : 0
}

function endedRoundLines(before: CampaignLook | null, { overview }: CampaignLook): string[] {
  const known = new Map(before ? allRounds(before.overview).map(({ round, status }) => [round, status]) : [])
  const written = scoreWriter(overview)
  return allRounds(overview).flatMap((round) => {
    if (round.status === 'running' || known.get(round.round) === round.status) return []
    const scores = [...endScores(round).values()].map((score) => `${score.benchmark} ${written(score)}`)
    const facts = [round.status, ...(round.decision === null ? [] : [round.decision]), ...scores]
    return [`round ${round.round}  ${facts.join(', ')}`]
  })
}

function campaignLines(before: CampaignLook | null, { overview }: CampaignLook): string[] {
  const { campaign, status, statusReason, head } = overview
  const headText = before?.overview.head === head ? '' : `, head: round ${head ?? 'none yet'}`
  if (before?.overview.status === status && headText === '') return []
  return [`${campaign} ${status}${headText}${statusReason ? `: ${statusReason}` : ''}`]
}

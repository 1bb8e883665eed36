import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow'
import type { ChildWorkflowHandle } from '@temporalio/workflow'
import type { CampaignRef, CampaignState } from '../activities/types.ts'
import { roundWorkflowId } from '../domain/ids.ts'
import { headRefusal } from '../domain/lineage.ts'
import { io } from './activities.ts'
import { CampaignControl } from './campaign-control.ts'
import { campaignDetails } from './details.ts'
import { failureReason, failureType, isFailureOf } from './failures.ts'
import { holdSignal, pauseUpdate, progressSignal, resumeUpdate, rollbackUpdate, searchAttributes } from './messages.ts'
import type { ResumeCommand } from './messages.ts'
import { round } from './round.ts'
import type { RoundResult } from './round.ts'

export interface CampaignInput extends CampaignRef {
  /** Rounds of a run before it continues as new: histories stay small, and old code dies out. */
  roundsPerRun?: number
}

/**
 * The loop: run the next round on the head, advance the head as the round's gate says, until the
 * recipe is fulfilled. All that the loop knows is read from Postgres, so a run can end at any line,
 * and the next run goes on from there.
 */
export async function campaign(input: CampaignInput): Promise<{ head: number }> {
  const { campaign: slug, roundsPerRun = 10 } = input
  const control = new CampaignControl()
  let state: CampaignState | null = null
  let running: { round: number; step: string; progress: string } | null = null
  let child: ChildWorkflowHandle<typeof round> | null = null

  const show = () => state && setCurrentDetails(campaignDetails({ ...state, running }))
  const hold = async (isPaused: boolean, kind: 'paused' | 'resumed', command: ResumeCommand) => {
    // A pause holds at once. A resume lets go once it is on record, since the round reads the
    // budget there.
    const letsGoLast = !isPaused && patched('resume-after-record')
    if (!letsGoLast) control.hold(isPaused)
    const dedupeKey = `${slug}/${kind}/${currentUpdateInfo()?.id}`
    await io.recordCommand({ campaign: slug, kind, ...command, dedupeKey })
    if (letsGoLast) control.hold(isPaused)
    await child?.signal(holdSignal, isPaused).catch(() => undefined)
    await reload()
    return { status: isPaused ? 'paused' : 'running' }
  }
  setHandler(pauseUpdate, (command) => hold(true, 'paused', command))
  setHandler(resumeUpdate, (command) => hold(false, 'resumed', command))
  setHandler(rollbackUpdate, (command) => control.requestRollback(currentUpdateInfo()?.id ?? '', command), {
    validator: ({ to, why }) => {
      if (!Number.isInteger(to) || to < 0) throw refused(`a round is a number from 0 up, not ${to}`)
      if (why.trim() === '') throw refused('say why: the reason is kept with the rollback')
      // This state may be a round behind, and it holds only the last rounds. The act looks again.
      const known = state?.rounds.find((each) => each.round === to)
      const isNewer = to > (state?.rounds.at(-1)?.round ?? Infinity)
      const refusal = known || isNewer ? headRefusal(slug, to, known) : null
      if (refusal) throw refused(refusal.message, refusal.nextStep)
    },
  })
  setHandler(progressSignal, (progress) => {
    running = progress
    show()
  })

  const moveHead = (to: number, kind: 'advanced' | 'rollback', who: string, why: string, id: string) =>
    io.moveHead({ campaign: slug, to, kind, who, why, dedupeKey: `${slug}/${kind}/${id}` })
  const reload = async () => {
    state = await io.loadCampaign({ campaign: slug })
    show()
    return state
  }

  const { status } = await reload()
  control.isPaused ??= status === 'paused'
  for (let rounds = 0; ; rounds++) {
    await control.carryOutRollbacks((command, id) => moveHead(command.to, 'rollback', command.who, command.why, id))
    const { next, head } = await reload()
    if (next === null && !control.hasRollback) {
      await io.setCampaignStatus({ campaign: slug, status: 'finished', reason: null })
      await condition(allHandlersFinished)
      if (control.hasRollback) continue
      await reload()
      return { head }
    }
    if (next === null || control.hasRollback) continue
    if (control.isPaused) {
      await condition(() => !control.isPaused || control.hasRollback)
      continue
    }
    if (rounds >= roundsPerRun || workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof campaign>(input)
    }
    await io.setCampaignStatus({ campaign: slug, status: 'running', reason: null })
    const result = await runRound(slug, next, control, (handle) => (child = handle))
    child = null
    running = null
    if (result === 'again' || result.action === 'stay') continue
    await moveHead(result.round, 'advanced', 'gate', result.decision ?? 'no gate', String(result.round))
    if (result.action === 'pause') {
      control.isPaused = true
      await io.setCampaignStatus({ campaign: slug, status: 'paused', reason: pausedByGate(result) })
    }
  }
}

const refused = (message: string, ...details: string[]) =>
  ApplicationFailure.nonRetryable(message, 'InvalidInput', ...details)
const pausedByGate = (result: RoundResult) =>
  `the gate of round ${result.round} says ${result.decision}: resume to go on from it, or roll back`

/**
 * Runs one round as a child. A rollback cancels the round and waits until it and its jobs are gone,
 * before the head may move. A failed round fails the campaign; a resume starts the round again at
 * the step that failed.
 */
async function runRound(
  slug: string,
  next: NonNullable<CampaignState['next']>,
  control: CampaignControl,
  started: (handle: ChildWorkflowHandle<typeof round>) => void,
): Promise<RoundResult | 'again'> {
  const scope = new CancellationScope()
  const finished = scope.run(async () => {
    const handle = await startChild(round, {
      workflowId: roundWorkflowId(slug, next.round),
      args: [{ campaign: slug, ...next }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary:
        next.round === 0 ? `base model of ${slug}` : `round ${next.round} of ${slug}, parent ${next.parent}`,
      typedSearchAttributes: [
        { key: searchAttributes.campaign, value: slug },
        { key: searchAttributes.round, value: next.round },
      ],
    })
    started(handle)
    return await handle.result()
  })
  const cancelled = condition(() => control.hasRollback).then(() => 'again' as const)
  try {
    const first = await Promise.race([finished, cancelled])
    if (first !== 'again') return first
    scope.cancel()
    await finished.catch(() => undefined)
    return first
  } catch (error) {
    if (isFailureOf(error, 'BudgetReached')) {
      control.isPaused = true
      await io.setCampaignStatus({ campaign: slug, status: 'paused', reason: failureReason(error) })
      return 'again'
    }
    const status = isCancellation(error) ? 'cancelled' : 'failed'
    const reason = failureReason(error)
    const { resumes } = control
    await CancellationScope.nonCancellable(() => io.setCampaignStatus({ campaign: slug, status, reason }))
    if (status === 'cancelled') throw error
    // A person who resumes at once must not find a run that ends under the command.
    await condition(allHandlersFinished)
    if (control.resumes > resumes || control.hasRollback) return 'again'
    throw ApplicationFailure.create({
      message: `round ${next.round} failed: ${reason}`,
      type: failureType(error) ?? 'RoundFailed',
      nonRetryable: true,
      ...(error instanceof Error && { cause: error }),
    })
  }
}

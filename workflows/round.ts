import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import type { ChildWorkflowHandle, Workflow } from '@temporalio/workflow'
import type { GateResult, RoundRef, RoundSummary, StepToRun } from '../activities/types.ts'
import { stepWorkflowId } from '../domain/ids.ts'
import { markdownText } from '../domain/plain-text.ts'
import { gpu, io } from './activities.ts'
import { roundDetails, scoreText } from './details.ts'
import { failureReason, isFailureOf, wasCancelled } from './failures.ts'
import { holdSignal, progressSignal, searchAttributes } from './messages.ts'
import { dataStep, evaluation } from './step.ts'

export interface RoundInput extends RoundRef {
  parent: number | null
}

export interface RoundResult extends RoundSummary {
  /** What to do with the head now. A round without a gate advances. */
  action: GateResult['action']
}

/**
 * One round: its steps in the recipe's order, then it is closed for ever. A round that fails or is
 * cancelled is closed as failed or cancelled.
 */
export async function round(input: RoundInput): Promise<RoundResult> {
  let isHeld = false
  let child: ChildWorkflowHandle<Workflow> | null = null
  const notes = new Map<string, string>()
  let action: GateResult['action'] = 'advance'
  setHandler(holdSignal, async (hold) => {
    isHeld = hold
    await child?.signal(holdSignal, hold).catch(() => undefined)
  })

  const unheld = async () => {
    if (isHeld) await condition(() => !isHeld)
  }
  /** A pause that came while the child was being started has reached nobody yet. */
  const started = async (handle: ChildWorkflowHandle<Workflow>) => {
    child = handle
    if (isHeld) await handle.signal(holdSignal, true).catch(() => undefined)
  }

  const { steps } = await io.openRound(input)
  const show = (running: string | null) => setCurrentDetails(roundDetails(steps, notes, running))
  try {
    for (const [index, step] of steps.entries()) {
      await unheld()
      show(step.name)
      await announce(input, step.name, `step ${index + 1} of ${steps.length}`)
      if (step.kind === 'gate') {
        const gate = await io.decideGate({ ...input, step: step.name })
        action = gate.action
        notes.set(step.name, markdownText(gate.summary))
      } else if (step.kind === 'selection')
        notes.set(step.name, markdownText(await select(input, step, { unheld, started })))
      else if (step.kind === 'training') notes.set(step.name, markdownText(await train(input, step)))
      else notes.set(step.name, await inChild(input, step, started))
      child = null
      show(null)
    }
    const summary = await io.closeRound({ ...input, status: 'closed', reason: null })
    upsertSearchAttributes([
      { key: searchAttributes.decision, value: summary.decision },
      { key: searchAttributes.score, value: summary.scores[0]?.accuracy ?? null },
    ])
    return { ...summary, action }
  } catch (error) {
    // The round stays open: its campaign pauses, and goes on with it.
    if (isFailureOf(error, 'BudgetReached')) throw error
    const status = wasCancelled(error) ? 'cancelled' : 'failed'
    await CancellationScope.nonCancellable(() => io.closeRound({ ...input, status, reason: failureReason(error) }))
    throw error
  }
}

/** Big steps are children: their shards get a page and a history of their own. */
async function inChild(
  input: RoundInput,
  step: StepToRun,
  started: (handle: ChildWorkflowHandle<Workflow>) => Promise<void>,
): Promise<string> {
  const options = childOptions(input, step)
  if (step.kind === 'evaluation') {
    const handle = await startChild(evaluation, options)
    await started(handle)
    return (await handle.result()).map(scoreText).join(', ')
  }
  const handle = await startChild(dataStep, options)
  await started(handle)
  const counts = await handle.result()
  return `${counts.rowsIn} in, ${counts.kept} kept, ${counts.dropped} dropped, ${counts.failed} failed`
}

function childOptions({ campaign, round: number }: RoundInput, step: StepToRun) {
  return {
    workflowId: stepWorkflowId(campaign, number, step.name),
    args: [{ campaign, round: number, step: step.name }] as [{ campaign: string; round: number; step: string }],
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    staticSummary: `${step.kind === 'data' ? step.step : 'evaluate'} · round ${number} of ${campaign}`,
    typedSearchAttributes: [
      { key: searchAttributes.campaign, value: campaign },
      { key: searchAttributes.round, value: number },
      { key: searchAttributes.step, value: step.name },
    ],
  }
}

/**
 * Evaluates the weights that a training kept and chooses among them. They are evaluated one after
 * the other, so that one server is up at a time.
 */
async function select(
  input: RoundInput,
  step: StepToRun,
  {
    unheld,
    started,
  }: { unheld: () => Promise<void>; started: (handle: ChildWorkflowHandle<Workflow>) => Promise<void> },
): Promise<string> {
  const ref = { campaign: input.campaign, round: input.round, step: step.name }
  const options = childOptions(input, step)
  const { candidates, isDone } = await io.openSelection(ref)
  for (const [index, { checkpoint, trainStep }] of isDone ? [] : candidates.entries()) {
    const name = trainStep === null ? 'end' : `step-${trainStep}`
    await unheld()
    await announce(input, step.name, `${name}, ${index + 1} of ${candidates.length}`)
    const handle = await startChild(evaluation, {
      ...options,
      workflowId: `${options.workflowId}/${name}`,
      args: [{ ...ref, candidate: checkpoint }],
      staticSummary: `evaluate ${name} · round ${input.round} of ${input.campaign}`,
    })
    await started(handle)
    await handle.result()
  }
  return (await io.finishSelection(ref)).summary
}

/** Training jobs run one after the other: a phase starts from the weights of the one before. */
async function train(input: RoundInput, step: Extract<StepToRun, { kind: 'training' }>): Promise<string> {
  const ref = { campaign: input.campaign, round: input.round, step: step.name }
  if (step.isDone) return 'already trained'
  try {
    const { attemptsSoFar } = await io.openTraining(ref)
    const said: string[] = []
    for (const phase of step.phases) {
      const summary = `${step.step} ${phase === step.name ? '' : `${phase} `}· round ${input.round} of ${input.campaign}`
      const result = await gpu(step.maxHours, summary).train({
        ...ref,
        phase,
        attemptsSoFar: attemptsSoFar[phase] ?? 0,
      })
      said.push(`${result.stepsDone} steps in ${Math.round(result.seconds)} s → ${result.checkpoint.slice(0, 12)}`)
    }
    await io.finishTraining(ref)
    return said.join('; ')
  } catch (error) {
    const status = wasCancelled(error) ? 'cancelled' : 'failed'
    await CancellationScope.nonCancellable(() => io.stopStep({ ...ref, status, reason: failureReason(error) }))
    throw error
  }
}

/**
 * Tells the campaign what runs, for its table. A round may run by itself, without a campaign: that
 * is no failure.
 */
async function announce(input: RoundInput, step: string, progress: string): Promise<void> {
  upsertSearchAttributes([{ key: searchAttributes.step, value: step }])
  const { parent } = workflowInfo()
  if (!parent) return
  await getExternalWorkflowHandle(parent.workflowId)
    .signal(progressSignal, { round: input.round, step, progress })
    .catch(() => undefined)
}

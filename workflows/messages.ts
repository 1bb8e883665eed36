import { defineSearchAttributeKey } from '@temporalio/common'
import { defineSignal, defineUpdate } from '@temporalio/workflow'
import type { Budget } from '../domain/budget.ts'
import { searchAttributeTypes } from '../domain/ids.ts'
import type { EndpointChanges } from '../domain/recipe/endpoint-changes.ts'

/** Who asks and why: every command is kept in the events table. */
export interface Command {
  who: string
  why: string | null
}
export interface ResumeCommand extends Command {
  /** Replaces the budget of before. */
  budget?: Budget
  /** Where endpoints are asked from now on. */
  endpoints?: EndpointChanges
}
export interface RollbackCommand {
  who: string
  why: string
  to: number
}
export interface RollbackResult {
  from: number
  to: number
}

export const pauseUpdate = defineUpdate<{ status: string }, [Command]>('pause')
export const resumeUpdate = defineUpdate<{ status: string }, [ResumeCommand]>('resume')
export const rollbackUpdate = defineUpdate<RollbackResult, [RollbackCommand]>('rollback')

/** Campaign → round → step: hold before the next step or shard, or go on. */
export const holdSignal = defineSignal<[boolean]>('hold')
/** Round → campaign: what runs now, for the campaign's table. */
export const progressSignal = defineSignal<[{ round: number; step: string; progress: string }]>('progress')

/** Typed search attributes; the Temporal server must know them (`hone dev` registers them). */
export const searchAttributes = {
  campaign: defineSearchAttributeKey('Campaign', searchAttributeTypes.Campaign),
  round: defineSearchAttributeKey('Round', searchAttributeTypes.Round),
  step: defineSearchAttributeKey('Step', searchAttributeTypes.Step),
  decision: defineSearchAttributeKey('Decision', searchAttributeTypes.Decision),
  score: defineSearchAttributeKey('Score', searchAttributeTypes.Score),
}

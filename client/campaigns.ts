import { randomUUID } from 'node:crypto'
import {
  Client,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { ApplicationFailure, TemporalFailure } from '@temporalio/common'
import { HoneError } from '../domain/errors.ts'
import { campaignWorkflowId, taskQueues } from '../domain/ids.ts'
import { markdownText } from '../domain/plain-text.ts'
import { connectTemporal } from '../services/temporal-connection.ts'
import type { TemporalServer } from '../services/temporal-server.ts'
import type { campaign } from '../workflows/campaign.ts'
import { pauseUpdate, resumeUpdate, rollbackUpdate, searchAttributes } from '../workflows/messages.ts'
import type { Command, ResumeCommand, RollbackCommand, RollbackResult } from '../workflows/messages.ts'
import { dataConverter } from '../services/payload-limit.ts'

/** Commands on campaigns. This is the only code that talks to Temporal from outside. */
export interface CampaignClient {
  /**
   * Starts the campaign's workflow, or finds it running. Idempotent: its id comes from the
   * campaign.
   */
  start(slug: string, title?: string): Promise<{ workflowId: string; isNew: boolean }>
  pause(slug: string, command: Command, id?: string): Promise<{ status: string }>
  /** Resumes a paused campaign; starts a failed or finished campaign again where it stopped. */
  resume(slug: string, command: ResumeCommand, id?: string): Promise<{ status: string }>
  /**
   * Moves the head of a running, paused, failed or finished campaign. Waits until the jobs of the
   * round that ran have ended.
   */
  rollback(slug: string, command: RollbackCommand, id?: string): Promise<RollbackResult>
  close(): Promise<void>
}

/** Connects to Temporal. Throws a HoneError that says why it cannot, and what to do. */
export async function connectClient(server: TemporalServer): Promise<CampaignClient> {
  const connection = await connectTemporal(server)
  const client = new Client({ connection, namespace: server.namespace, dataConverter })
  return campaignClient(client, () => connection.close())
}

/** Commands over a client that is connected. */
export function campaignClient(client: Client, close: () => Promise<void>): CampaignClient {
  const startOptions = (slug: string, title?: string) => ({
    workflowId: campaignWorkflowId(slug),
    taskQueue: taskQueues.orchestrator,
    args: [{ campaign: slug }] as [{ campaign: string }],
    staticSummary: title === undefined ? `campaign ${slug}` : markdownText(title),
    staticDetails: `Rounds, progress and scores are under **Current Details**. In a shell: \`hone watch ${slug}\`, \`hone rounds ${slug}\`.`,
    typedSearchAttributes: [{ key: searchAttributes.campaign, value: slug }],
  })
  const withStart = (slug: string) =>
    new WithStartWorkflowOperation<typeof campaign>('campaign', {
      ...startOptions(slug),
      workflowIdConflictPolicy: 'USE_EXISTING',
    })
  const handle = (slug: string) => client.workflow.getHandle<typeof campaign>(campaignWorkflowId(slug))
  return {
    async start(slug, title) {
      try {
        await client.workflow.start<typeof campaign>('campaign', {
          ...startOptions(slug, title),
          workflowIdConflictPolicy: 'FAIL',
        })
        return { workflowId: campaignWorkflowId(slug), isNew: true }
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError)
          return { workflowId: campaignWorkflowId(slug), isNew: false }
        throw error
      }
    },
    pause: (slug, command, id = randomUUID()) =>
      plainly(() => handle(slug).executeUpdate(pauseUpdate, { args: [command], updateId: id })),
    resume: (slug, command, id = randomUUID()) =>
      plainly(() =>
        client.workflow.executeUpdateWithStart(resumeUpdate, {
          args: [command],
          startWorkflowOperation: withStart(slug),
          updateId: id,
        }),
      ),
    rollback: (slug, command, id = randomUUID()) =>
      plainly(() =>
        client.workflow.executeUpdateWithStart(rollbackUpdate, {
          args: [command],
          startWorkflowOperation: withStart(slug),
          updateId: id,
        }),
      ),
    close,
  }
}

/**
 * Failure of a command that arrives while a workflow run ends. The command is sent again under the
 * same id, to the next run.
 */
const endedUnderCommand = 'AcceptedUpdateCompletedWorkflow'
const tries = 5

/**
 * Sends a command. Throws InvalidInput with the workflow's own words when the workflow refuses it.
 */
async function plainly<Result>(send: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error
      let root: unknown = error.cause
      while (root instanceof TemporalFailure && root.cause !== undefined) root = root.cause
      if (!(root instanceof ApplicationFailure)) throw error
      if (root.type === endedUnderCommand && attempt < tries) continue
      const nextStep = typeof root.details?.[0] === 'string' ? root.details[0] : 'see `hone rounds` for what there is'
      const message = root.message.replace(` → ${nextStep}`, '')
      throw new HoneError({ type: 'InvalidInput', message, nextStep, cause: error })
    }
  }
}

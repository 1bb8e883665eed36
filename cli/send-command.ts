import type { CampaignClient } from '../client/campaigns.ts'
import { HoneError } from '../domain/errors.ts'
import { withClient } from './connections.ts'
import type { Terminal } from './terminal.ts'

/** Seconds after which the user is told that no worker has carried out the command yet. */
const patienceSeconds = 5

/**
 * Sends a command to a campaign's workflow and waits until a worker has carried it out. Says so on
 * standard error when that takes long: without a worker a command waits for ever. Throws
 * InvalidInput when the campaign has no running workflow.
 */
export async function sendCommand<Result>(
  terminal: Terminal,
  campaign: string,
  send: (client: CampaignClient) => Promise<Result>,
): Promise<Result> {
  const note = setTimeout(() => {
    terminal.stderr.write('Still waiting for a worker to carry this out. If no worker runs, start it: `hone dev`.\n')
  }, patienceSeconds * 1000)
  try {
    return await withClient(terminal, send)
  } catch (error) {
    // By name: importing the class would load the whole client for verbs that only read.
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error
    throw new HoneError({
      type: 'InvalidInput',
      message: `Campaign "${campaign}" is not under way.`,
      nextStep: `See where it stands: hone status ${campaign}. A failed or finished campaign goes on with: hone resume ${campaign}`,
      cause: error,
    })
  } finally {
    clearTimeout(note)
  }
}

import type { CampaignClient } from '../client/campaigns.ts'
import { HoneError } from '../domain/errors.ts'
import { withClient } from './connections.ts'
import type { Terminal } from './terminal.ts'

/** Seconds after which a command that nobody carries out is worth a word. */
const patienceSeconds = 5

/**
 * Sends a command to a campaign's workflow and waits until it is carried out. Says so on standard error when it takes long:
 * without a worker a command waits for ever. Throws InvalidInput when the campaign is not under way.
 */
export async function sendCommand<Result>(
  terminal: Terminal,
  campaign: string,
  send: (client: CampaignClient) => Promise<Result>,
): Promise<Result> {
  const note = setTimeout(() => {
    terminal.stderr.write('Still waiting for a worker to carry this out. If none runs, start it: `hone dev`.\n')
  }, patienceSeconds * 1000)
  try {
    return await withClient(terminal, send)
  } catch (error) {
    // By name: the class would load the whole client for verbs that only read.
    if (!(error instanceof Error) || error.name !== 'WorkflowNotFoundError') throw error
    throw new HoneError({
      type: 'InvalidInput',
      message: `Campaign "${campaign}" is not under way.`,
      nextStep: `See where it stands: hone status ${campaign}. A failed or finished one goes on with: hone resume ${campaign}`,
      cause: error,
    })
  } finally {
    clearTimeout(note)
  }
}

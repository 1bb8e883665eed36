import { userInfo } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { CampaignClient } from '../client/campaigns.ts'
import type { CampaignStatus } from '../db/schema/campaigns.ts'
import { safeOutput } from '../services/safe-output.ts'
import type { TemporalServer } from '../services/temporal-server.ts'

type Output = Writable & { isTTY?: boolean; columns?: number; rows?: number }

/** What a verb sees of the world around it; tests give their own. */
export interface Terminal {
  stdin: Readable & { isTTY?: boolean }
  stdout: Output
  stderr: Output
  env: Readonly<Record<string, string | undefined>>
  /** Connects to Temporal. The process's own terminal loads the real client only on this call. */
  connect: (server: TemporalServer) => Promise<CampaignClient>
}

/** The process's own terminal. Foreign text cannot control it. */
export const processTerminal = (): Terminal => ({
  stdin: process.stdin,
  stdout: safeOutput(process.stdout),
  stderr: safeOutput(process.stderr),
  env: process.env,
  connect: async (server) => (await import('../client/campaigns.ts')).connectClient(server),
})

/** What `hone` ends with. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, campaignFailed: 3, budgetReached: 4, interrupted: 130 } as const

/** What the end of a campaign means for scripts. */
export const campaignExitCode = (status: CampaignStatus): number =>
  status === 'failed' || status === 'cancelled' ? exitCodes.campaignFailed : exitCodes.ok

/** Ctrl-C while a verb waits for the user. */
export class Interrupted extends Error {}

/** Prints lines of text with one line break at the end. */
export function print(terminal: Terminal, ...lines: readonly string[]): void {
  terminal.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints a result for other programs: indented, since people read it too. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** Prints a result as JSON where `--json` was given, else as lines for people. */
export function printResult(
  terminal: Terminal,
  { json }: { json?: boolean },
  value: unknown,
  lines: () => readonly string[],
): void {
  if (json === true) printJson(terminal, value)
  else print(terminal, ...lines())
}

/** Name of the user at the keyboard, for the record of who did what. */
export function osUser(env: Terminal['env']): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return env['USER'] ?? 'unknown'
  }
}

import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { CampaignClient } from '../../client/campaigns.ts'
import { main } from '../../cli/main.ts'
import type { Terminal } from '../../cli/terminal.ts'

/** The output and the exit code of a call of `hone`. */
export interface Ran {
  out: string
  err: string
  code: number
}

export interface Surroundings {
  env?: Record<string, string>
  /** The client that the command uses instead of Temporal's. */
  client?: CampaignClient
  /** The text that is typed on a terminal. Left out: there is no terminal. */
  typed?: string
  /** The width of the terminal to draw on. */
  columns?: number
  /** Called once, when the command first writes to standard output. */
  onOutput?: () => void
}

/** Calls `hone` as the shell would, with captured output. */
export async function hone(
  argv: readonly string[],
  { env = {}, client, typed, columns, onOutput }: Surroundings = {},
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const read = Promise.all([text(stdout), text(stderr)])
  if (onOutput) stdout.once('data', onOutput)
  const isTTY = typed !== undefined || columns !== undefined
  const terminal: Terminal = {
    stdin: Object.assign(Readable.from(typed === undefined ? [] : [typed]), { isTTY }),
    stdout: Object.assign(stdout, { isTTY, ...(columns === undefined ? {} : { columns }) }),
    stderr,
    env,
    connect: () => (client ? Promise.resolve(client) : Promise.reject(new Error('no client was given'))),
  }
  const code = await main(argv, terminal)
  stdout.end()
  stderr.end()
  const [out, err] = await read
  return { out, err, code }
}

/**
 * Collects the commands that Temporal would receive. `refusal` is the answer to the next command.
 */
export class FakeCampaignClient implements CampaignClient {
  readonly sent: unknown[] = []
  refusal: Error | null = null
  closed = 0

  readonly start = () => Promise.reject(new Error('not used'))

  readonly pause: CampaignClient['pause'] = (slug, command) =>
    this.take({ pause: slug, ...command }, { status: 'paused' })
  readonly resume: CampaignClient['resume'] = (slug, command) =>
    this.take({ resume: slug, ...command }, { status: 'running' })
  readonly rollback: CampaignClient['rollback'] = (slug, command) =>
    this.take({ rollback: slug, ...command }, { from: 2, to: command.to })

  readonly close = (): Promise<void> => {
    this.closed += 1
    return Promise.resolve()
  }

  private take<Result>(command: unknown, result: Result): Promise<Result> {
    if (this.refusal) return Promise.reject(this.refusal)
    this.sent.push(command)
    return Promise.resolve(result)
  }
}

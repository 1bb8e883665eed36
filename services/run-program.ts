import { spawn } from 'node:child_process'

/** A program to run to its end. Secrets belong in `env`, never in `args`. */
export interface ProgramRun {
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string | undefined>>
  cwd?: string
  uid?: number
  gid?: number
  /** Ends the program. */
  signal?: AbortSignal | undefined
  /** Called with each line that the program prints, on either output. */
  onLine?: (line: string) => void
}

/** How a program ended. */
export interface ProgramEnd {
  /** E.g. "ended with exit code 1"; null for exit code 0. */
  failure: string | null
  /** Its last lines, of both outputs. */
  output: string
}

const keptLines = 12

/**
 * Runs a program and waits until it has ended. It ends with this process too, and at the signal.
 * Throws the signal's reason, and then only after the program has ended.
 */
export async function runProgram({ command, args, env, signal, onLine, ...where }: ProgramRun): Promise<ProgramEnd> {
  signal?.throwIfAborted()
  const tail: string[] = []
  const failure = await new Promise<string | null>((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(env && { env }), ...where })
    const end = (): void => void child.kill()
    process.once('exit', end)
    signal?.addEventListener('abort', end, { once: true })
    const listen = (chunk: Buffer): void => {
      for (const line of chunk.toString().split(/[\r\n]+/)) {
        if (line.trim() === '') continue
        tail.push(line)
        if (tail.length > keptLines) tail.shift()
        onLine?.(line)
      }
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    const settle = (how: string | null): void => {
      process.off('exit', end)
      signal?.removeEventListener('abort', end)
      resolve(how)
    }
    child.once('error', (error) => settle(error.message))
    child.once('close', (code, ending) => settle(code === 0 ? null : `ended with ${ending ?? `exit code ${code}`}`))
  })
  signal?.throwIfAborted()
  return { failure, output: tail.join('\n') }
}

/** A program's lines as they are shown below the message of an error. */
export function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}

import { spawn } from 'node:child_process'
import { HoneError } from '../../domain/errors.ts'

const limitMs = 30_000
const mostBytes = 64 * 1024

/**
 * What a command prints, trimmed. It runs in `sh -c`, because such commands are written for a shell
 * (`az … | jq -r .token`), and the recipe that names it belongs to the user of this process. It
 * leads its own process group, so that a limit of 30 s ends all parts of a pipe.
 *
 * Throws HoneError MissingSecret when the command fails, prints nothing or takes too long. The
 * error holds nothing that the command printed, because that may be the key.
 */
export function runKeyCommand(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs = limitMs,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] })
    const chunks: Buffer[] = []
    let bytes = 0
    let problem: string | undefined
    const kill = (why: string) => {
      problem ??= why
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group has ended.
      }
    }
    const timer = setTimeout(() => kill(`took more than ${timeoutMs / 1000} s`), timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > mostBytes) kill(`printed more than ${mostBytes} bytes`)
      else chunks.push(chunk)
    })
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(failed(command, why))
    }
    child.once('error', (error) => fail(error.message))
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const key = Buffer.concat(chunks).toString('utf8').trim()
      if (problem !== undefined) fail(problem)
      else if (code !== 0) fail(`ended with ${signal ?? `exit code ${code}`}`)
      else if (key === '') fail('printed nothing')
      else resolve(key)
    })
  })
}

const failed = (command: string, why: string): HoneError =>
  new HoneError({
    type: 'MissingSecret',
    message: `the command that gives the key (apiKeyCommand: ${command}) ${why}`,
    nextStep: 'run the command by hand where the worker runs, then start again',
  })

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../services/ports.ts'
import { shellLine } from './quote.ts'
import { execute, NoAnswer, noCommand, plainAnswers } from './transport.ts'
import type { Answer, Transport } from './transport.ts'

/** How to reach the login node. What is left out is as `ssh` and its configuration say. */
export interface SshOptions {
  host: string
  user?: string | undefined
  port?: number | undefined
  identityFile?: string | undefined
  knownHostsFile?: string | undefined
  /** Another configuration file than the user's; `none`: no configuration. */
  configFile?: string | undefined
}

const connectSeconds = 10
const tunnelMs = 15_000
/** What ssh exits with when it is ssh that failed. A command could too; none of Slurm's does. */
const sshFailed = 255
const shellFoundNothing = 127

function sshArguments(options: SshOptions): { flags: string[]; target: string } {
  const { host, user, port, identityFile, knownHostsFile, configFile } = options
  const settings = [
    // It would wait for a password that nobody types.
    'BatchMode=yes',
    `ConnectTimeout=${connectSeconds}`,
    'ServerAliveInterval=15',
    'ServerAliveCountMax=3',
    'LogLevel=ERROR',
    ...(knownHostsFile === undefined ? [] : [`UserKnownHostsFile=${knownHostsFile}`]),
  ]
  const flags = [
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identityFile === undefined ? [] : ['-i', identityFile, '-o', 'IdentitiesOnly=yes']),
    ...settings.flatMap((setting) => ['-o', setting]),
  ]
  return { flags, target: user === undefined ? host : `${user}@${host}` }
}

/**
 * A connection that lasts as long as this process, however it ends: the far `cat` ends when our
 * pipe closes.
 */
function keepOpen(flags: readonly string[], target: string): ChildProcess {
  const child = spawn('ssh', [...flags, target, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] })
  child.on('error', () => {})
  child.stdin?.on('error', () => {})
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  return child
}

const isOpen = (child: ChildProcess | null) => child !== null && child.exitCode === null && child.signalCode === null

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const say = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => say(true)).once('error', () => say(false))
  })
}

/** What `words` is to the far shell: with plain answers, and with `env`, e.g. SLURM_CONF. */
export function remoteLine(words: readonly string[], env: Record<string, string>): string {
  const variables = Object.entries({ ...env, ...plainAnswers }).map(([name, value]) => `${name}=${value}`)
  return shellLine(['env', ...variables, ...words])
}

/**
 * Runs commands on a login node by `ssh`, never asking for a password. One connection is kept and
 * shared, so that a poll costs no log-in; without it each command makes its own.
 */
export function sshTransport(options: SshOptions, { env = {} }: { env?: Record<string, string> } = {}): Transport {
  const { flags, target } = sshArguments(options)
  const where = `login node ${target}`
  let folder: string | null = null
  let master: ChildProcess | null = null
  const tunnels = new Map<string, { port: number; child: ChildProcess }>()

  const share = (): string[] => {
    // mkdtemp's folder is ours alone: who may open the socket is logged in as we are.
    folder ??= mkdtempSync(join(tmpdir(), 'hone-ssh-'))
    const path = ['-o', `ControlPath=${join(folder, 'm')}`]
    if (!isOpen(master)) {
      rmSync(join(folder, 'm'), { force: true })
      master = keepOpen([...flags, ...path, '-o', 'ControlMaster=yes', '-o', 'ControlPersist=no'], target)
    }
    return [...path, '-o', 'ControlMaster=no']
  }

  const run: Transport['run'] = async (words, runOptions = {}): Promise<Answer> => {
    const line = remoteLine(words, env)
    let answer
    try {
      answer = await execute(['ssh', ...flags, ...share(), target, line], runOptions)
    } catch (error) {
      if (error instanceof NoAnswer) throw new NoAnswer(`${words[0]} on ${where} took too long: ${error.message}`)
      throw noCommand('ssh', 'this machine', error)
    }
    if (answer.code === sshFailed || answer.code === null) {
      throw new NoAnswer(`The ${where} cannot be reached: ${answer.stderr.trim() || 'ssh was ended'}`)
    }
    if (answer.code === shellFoundNothing) throw noCommand(words[0] ?? '', where)
    return answer
  }

  const forward = async (host: string, port: number): Promise<string> => {
    const name = `${host}:${port}`
    const known = tunnels.get(name)
    if (known !== undefined && isOpen(known.child)) return `127.0.0.1:${known.port}`
    const here = await freePort()
    const way = ['-o', 'ExitOnForwardFailure=yes', '-o', 'ControlPath=none', '-L', `127.0.0.1:${here}:${name}`]
    const child = keepOpen([...flags, ...way], target)
    tunnels.set(name, { port: here, child })
    const deadline = Date.now() + tunnelMs
    while (!(await canConnect(here))) {
      if (!isOpen(child) || Date.now() > deadline) {
        child.kill()
        throw new NoAnswer(`No tunnel to ${name} through ${where} could be opened.`)
      }
      await sleep(50)
    }
    return `127.0.0.1:${here}`
  }

  const unforward = (host: string, port: number): void => {
    tunnels.get(`${host}:${port}`)?.child.kill()
    tunnels.delete(`${host}:${port}`)
  }

  const close = (): void => {
    master?.kill()
    for (const { child } of tunnels.values()) child.kill()
    tunnels.clear()
    master = null
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
    folder = null
  }
  return { where, run, forward, unforward, close }
}

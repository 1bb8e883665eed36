import { execFile, execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../services/ports.ts'
import { gpuDevices, gresConf, munge, slurmConf, slurmNodes, sshdConf } from './slurm-config.ts'
import type { SlurmLayout, SlurmNode, SshLogin } from './slurm-config.ts'
import { findProgram, guard, isOfJob, isServing, killAll, killStepDaemons, onNode } from './slurm-processes.ts'

const readyMs = 30_000

/** A separate Slurm for one test file. */
export interface SlurmWorld {
  /**
   * Folder of the whole cluster. Its name in the environment identifies the cluster's processes.
   */
  folder: string
  /** Variables by which the commands find this Slurm. */
  env: { SLURM_CONF: string }
  /** Runs a command of Slurm and returns its output. */
  command(name: string, ...args: string[]): Promise<string>
  /** The cluster's login node: a real sshd, started on the first call. */
  login(): Promise<SshLogin>
  /** Ends the controller, which saves its state. Jobs go on. */
  killController(): Promise<void>
  /** Starts the controller again with its saved state. */
  startController(): Promise<void>
  /** The controller loses its state: it does not know any job, and gives out their ids again. */
  forget(): Promise<void>
  /** A node goes away with all of its processes. */
  killNode(node: SlurmNode): Promise<void>
  startNode(node: SlurmNode): Promise<void>
  /**
   * Ends all jobs and repairs everything that a test broke. This is quicker than another Slurm,
   * whose first job waits.
   */
  reset(): Promise<void>
  /** Ends the jobs, the servers and all of their processes. */
  stop(): Promise<void>
}

const run = promisify(execFile)

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + readyMs
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${readyMs / 1000} s`)
    await sleep(50)
  }
}

function writeFolder(layout: SlurmLayout): void {
  const { folder } = layout
  chmodSync(folder, 0o755)
  for (const name of ['state', 'munge', 'ssh', 'log', ...slurmNodes.map((node) => `spool-${node}`)]) {
    mkdirSync(join(folder, name), { mode: 0o755 })
  }
  writeFileSync(munge(folder).key, randomBytes(1024), { mode: 0o400 })
  writeFileSync(join(folder, 'slurm.conf'), slurmConf(layout))
  writeFileSync(join(folder, 'gres.conf'), gresConf(layout))
  for (const device of gpuDevices(folder)) execFileSync('mknod', [device, 'c', '1', '3'])
}

/**
 * Brings up munge, a controller and two nodes on free ports, in about 2 s. Needs root; see
 * whyNoSlurm in slurm-processes.ts.
 */
export async function startSlurm(): Promise<SlurmWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'hone-slurm-'))
  const [controllerPort, n1, n2] = [await freePort(), await freePort(), await freePort()]
  const layout = { folder, host: hostname().split('.')[0] ?? 'localhost', controllerPort, nodePorts: { n1, n2 } }
  writeFolder(layout)
  const conf = join(folder, 'slurm.conf')
  const env = { SLURM_CONF: conf }
  const watcher = guard(folder, conf)
  const servers = new Map<string, ChildProcess>()

  const serve = (name: string, program: string, ...args: string[]): void => {
    const log = openSync(join(folder, 'log', `${name}.log`), 'a')
    const path = findProgram(program) ?? program
    servers.set(
      name,
      spawn(path, args, { stdio: ['ignore', log, log], detached: true, env: { ...process.env, ...env } }),
    )
  }
  const end = async (name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const server = servers.get(name)
    servers.delete(name)
    if (server === undefined || !isServing(server)) return
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill(signal)
    await ended
  }
  const command = async (name: string, ...args: string[]): Promise<string> =>
    (await run(name, args, { env: { ...process.env, ...env } })).stdout
  const startController = async (): Promise<void> => {
    serve('slurmctld', 'slurmctld', '-D')
    await eventually('the controller answers', async () => (await command('scontrol', 'ping')).includes('UP'))
  }
  const idle = async (): Promise<boolean> =>
    (await command('sinfo', '-h', '-N', '-p', 'debug', '-o', '%T'))
      .split('\n')
      .filter((state) => /^(idle|mixed|allocated)$/.test(state)).length === slurmNodes.length
  const resume = async (node: SlurmNode): Promise<string> => {
    const state = (await command('sinfo', '-h', '-n', node, '-p', 'debug', '-o', '%T')).trim()
    if (/^(down|drain)/.test(state)) await command('scontrol', 'update', `NodeName=${node}`, 'State=RESUME')
    return state
  }
  const startNode = async (node: SlurmNode): Promise<void> => {
    serve(node, 'slurmd', '-D', '-N', node)
    await eventually(`node ${node} is up`, async () => {
      return /^(idle|mixed|allocated)$/.test(await resume(node))
    })
  }
  let login: Promise<SshLogin> | null = null

  const world: SlurmWorld = {
    folder,
    env,
    command,
    login: () => (login ??= startLogin(folder, serve)),
    // SIGTERM, because SIGKILL loses the controller's last seconds. It would then give out an id
    // again that a node remembers.
    killController: () => end('slurmctld', 'SIGTERM'),
    startController,
    forget: async () => {
      await end('slurmctld')
      rmSync(join(folder, 'state'), { recursive: true })
      mkdirSync(join(folder, 'state'))
      await startController()
      await eventually('the nodes are back', idle)
    },
    killNode: async (node) => {
      await end(node)
      killStepDaemons(conf, node)
      await killAll(conf, onNode(node))
      await command('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=test')
    },
    startNode,
    reset: async () => {
      if (!isServing(servers.get('slurmctld'))) await startController()
      await command('scancel', '--user=root')
      await killAll(conf, isOfJob)
      for (const node of slurmNodes) if (!isServing(servers.get(node))) await startNode(node)
      for (const node of slurmNodes) await resume(node)
      await eventually('all jobs are gone', async () => (await command('squeue', '--noheader', '--format=%i')) === '')
      await eventually('the nodes are back', idle)
    },
    stop: async () => {
      const ended = new Promise((resolve) => watcher.once('exit', resolve))
      await end('sshd')
      await killAll(conf)
      watcher.stdin?.end()
      await ended
    },
  }
  try {
    const { key, socket, pid, log, seed } = munge(folder)
    const files = [
      `--key-file=${key}`,
      `--socket=${socket}`,
      `--pid-file=${pid}`,
      `--log-file=${log}`,
      `--seed-file=${seed}`,
    ]
    serve('munged', 'munged', '--foreground', '--force', '--num-threads=2', ...files)
    await eventually('munge is there', async () => readdirSync(join(folder, 'munge')).includes('socket'))
    await startController()
    await Promise.all(slurmNodes.map(startNode))
    return world
  } catch (error) {
    const logs = readdirSync(join(folder, 'log')).map((name) =>
      readFileSync(join(folder, 'log', name), 'utf8').slice(-2000),
    )
    await world.stop()
    throw new Error(`Slurm did not come up.\n${logs.join('\n')}`, { cause: error })
  }
}

async function startLogin(
  folder: string,
  serve: (name: string, program: string, ...args: string[]) => void,
): Promise<SshLogin> {
  const of = (name: string) => join(folder, 'ssh', name)
  const port = await freePort()
  for (const name of ['host-key', 'user-key'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', of(name)])
  writeFileSync(of('sshd_config'), sshdConf(folder, port))
  writeFileSync(of('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(of('host-key.pub'), 'utf8')}`)
  // The folder of sshd's process without privileges.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  serve('sshd', 'sshd', '-D', '-e', '-f', of('sshd_config'))
  const login = {
    host: '127.0.0.1',
    port,
    user: 'root',
    identityFile: of('user-key'),
    knownHostsFile: of('known_hosts'),
  }
  const options = ['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${login.knownHostsFile}`]
  const target = ['-i', login.identityFile, '-p', String(port), `root@${login.host}`, 'true']
  await eventually('the login server answers', async () => (await run('ssh', [...options, ...target])).stderr === '')
  return login
}

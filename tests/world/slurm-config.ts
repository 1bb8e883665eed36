import { join } from 'node:path'

/**
 * Nodes of the test cluster. Each claims eight processors, 4000 MiB and two GPUs, which are not
 * real devices.
 */
export const slurmNodes = ['n1', 'n2'] as const
export type SlurmNode = (typeof slurmNodes)[number]

/** The folder and the ports of a test cluster. */
export interface SlurmLayout {
  folder: string
  /** Name of this machine by `hostname`: the controller refuses to start under another name. */
  host: string
  controllerPort: number
  nodePorts: Record<SlurmNode, number>
}

/**
 * A cluster without accounting and without cgroups, as a container allows. Partitions: `debug`
 * (default), `short` (at most a minute), `closed` (down). `JobAcctGatherParams=OverMemoryKill`
 * enforces memory without cgroups.
 */
export function slurmConf({ folder, host, controllerPort, nodePorts }: SlurmLayout): string {
  const nodes = slurmNodes.map(
    (name) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodePorts[name]} ` +
      `CPUs=8 RealMemory=9000 Gres=gpu:2 State=UNKNOWN`,
  )
  return `${[
    'ClusterName=hone',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controllerPort}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${munge(folder).socket}`,
    'CredType=cred/munge',
    `StateSaveLocation=${join(folder, 'state')}`,
    `SlurmdSpoolDir=${join(folder, 'spool-%n')}`,
    `SlurmctldPidFile=${join(folder, 'slurmctld.pid')}`,
    `SlurmdPidFile=${join(folder, 'slurmd-%n.pid')}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/linux',
    'JobAcctGatherFrequency=task=1',
    'JobAcctGatherParams=OverMemoryKill',
    'MailProg=/bin/true',
    'SwitchType=switch/none',
    'MpiDefault=none',
    'ReturnToService=2',
    // This allows more processors than the machine has: jobs of tests only sleep.
    'SlurmdParameters=config_overrides',
    'DefMemPerCPU=200',
    'SlurmdTimeout=10',
    'MessageTimeout=5',
    'KillWait=5',
    'InactiveLimit=0',
    'SchedulerType=sched/builtin',
    'SchedulerParameters=batch_sched_delay=0',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    'AccountingStorageType=accounting_storage/none',
    'GresTypes=gpu',
    ...nodes,
    'PartitionName=debug Nodes=n1,n2 Default=YES MaxTime=UNLIMITED State=UP',
    'PartitionName=short Nodes=n1,n2 MaxTime=1 State=UP',
    'PartitionName=closed Nodes=n2 State=DOWN',
  ].join('\n')}\n`
}

/** Slurm counts device files: see {@link gpuDevices}. */
export function gresConf({ folder }: SlurmLayout): string {
  return slurmNodes.map((name) => `NodeName=${name} Name=gpu File=${join(folder, 'gpu[0-1]')}\n`).join('')
}

/** Files that Slurm counts as GPUs: copies of /dev/null. */
export function gpuDevices(folder: string): string[] {
  return [0, 1].map((index) => join(folder, `gpu${index}`))
}

/** Files of the authentication service. */
export function munge(folder: string) {
  const of = (name: string) => join(folder, 'munge', name)
  return { key: of('key'), socket: of('socket'), pid: of('pid'), log: of('log'), seed: of('seed') }
}

/** The address of the test cluster's login node, for `ssh`. */
export interface SshLogin {
  host: string
  port: number
  user: string
  identityFile: string
  knownHostsFile: string
}

/**
 * A login server on loopback. It lets root in with one key and gives its sessions the cluster's
 * variables.
 */
export function sshdConf(folder: string, port: number): string {
  return `${[
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'ssh', 'host-key')}`,
    `AuthorizedKeysFile ${join(folder, 'ssh', 'user-key.pub')}`,
    `PidFile ${join(folder, 'ssh', 'sshd.pid')}`,
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'MaxSessions 50',
    'MaxStartups 100',
    // Avoid the shell profile of the current user: it takes a second, and no test is about it.
    `SetEnv SLURM_CONF=${join(folder, 'slurm.conf')} HOME=${folder}`,
  ].join('\n')}\n`
}

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HoneError } from '../../../domain/errors.ts'
import type { ProductOptions } from '../../../domain/job-resources.ts'
import type { Command, Environment, JobResources } from '../../command.ts'
import { inEnvironment } from '../../command.ts'
import { note, refusal } from '../../finding.ts'
import type { Finding } from '../../finding.ts'
import type { ModelServer, ServedModel, VerifyRequest } from '../model-server.ts'
import { deviceFindings, devicesOf, flagsOf, requestFindings, wordsOf } from './flags.ts'
import type { Flags, FlagValue } from './flags.ts'

/** Time to load weights of 70 billion parameters from a network disk and to compile. */
const readyWithinSeconds = 1800
/** After SIGTERM the server was seen to need 3 s when ready and 6 s while loading. */
const gracePeriodSeconds = 30

/** The differences between the two kinds of vLLM. */
interface Device {
  name: 'vllm' | 'vllm-cpu'
  check(flags: Flags, resources: JobResources): Finding[]
  /** The resources, completed by the needs of the flags. */
  resources(flags: Flags, resources: JobResources): JobResources
  /** Default flags, which options may replace. */
  flags(flags: Flags, resources: JobResources): Flags
  env(resources: JobResources): Record<string, string>
}

const gpu: Device = {
  name: 'vllm',
  check: (flags, { gpus }) => deviceFindings(flags, gpus),
  flags: (flags, { gpus = 1 }) => {
    const rest = gpus / devicesOf(flags)
    // The precision of the trainer on GPUs. For fp32 weights vLLM itself would choose fp16, which
    // overflows in some models.
    const precision = { dtype: 'bfloat16' }
    return 'tensor-parallel-size' in flags || rest === 1 ? precision : { ...precision, 'tensor-parallel-size': rest }
  },
  resources: (flags, resources) => ({ ...resources, gpus: resources.gpus ?? devicesOf(flags) }),
  env: () => ({}),
}

/**
 * Memory for keys and values on the CPU. vLLM itself would take most of the machine's memory, even
 * when other programs need it.
 */
const cpuCacheBytes = 2 ** 30

const cpu: Device = {
  name: 'vllm-cpu',
  check: (_flags, { gpus = 0 }) =>
    gpus === 0 ? [] : [refusal(`vllm-cpu uses no GPU, but resources.gpus is ${gpus}`, 'take the server vllm')],
  // On a CPU, compiling takes longer than it saves in a round. The trainer computes in fp32 there.
  flags: () => ({ dtype: 'float32', 'enforce-eager': true, 'kv-cache-memory-bytes': cpuCacheBytes }),
  resources: (_flags, resources) => resources,
  env: ({ cpus }) => ({
    // With bound threads, two servers on one machine would both use the same cores.
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    ...(cpus !== undefined && { OMP_NUM_THREADS: String(Math.max(1, Math.floor(cpus))) }),
  }),
}

/**
 * The variables of a job. The environment's own variables win, except SPT_NOENV, which keeps the
 * marker of the job's processes.
 */
const variables = (device: Device, resources: JobResources, environment: Environment): Record<string, string> => ({
  PYTHONUNBUFFERED: '1',
  HF_HUB_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
  NO_COLOR: '1',
  // Write logs beside the tracebacks, so that one file tells how a server failed.
  VLLM_LOGGING_STREAM: 'ext://sys.stderr',
  ...device.env(resources),
  ...environment.env,
  // Without this, vLLM's engine overwrites its environment with its process title. That erases the
  // marker by which the wrapper finds leftover processes. Then an engine whose API process was
  // killed would go on holding its GPU.
  SPT_NOENV: '1',
})

/**
 * The default flags of both kinds, replaced by the flags of the options. Throws for options that
 * {@link check} refuses.
 */
function flagsFor(device: Device, options: ProductOptions, resources: JobResources): Flags {
  const { flags, problems } = flagsOf(options)
  const [problem] = problems
  if (problem)
    throw new HoneError({ type: 'InvalidInput', message: problem.text, nextStep: problem.fix ?? 'mend the option' })
  return {
    // The model's own context length, or the length that fits beside its weights.
    'max-model-len': 'auto',
    // Nobody reads a log line for each of a hundred thousand requests.
    'disable-uvicorn-access-log': true,
    ...device.flags(flags, resources),
    ...flags,
    'limit-mm-per-prompt': mediaLimits(flags['limit-mm-per-prompt']),
  }
}

/** No video is ever sent, but vLLM would reserve memory for the longest possible video. */
const mediaLimits = (given: FlagValue | undefined): FlagValue =>
  given === undefined ? { video: 0 } : isObject(given) ? { video: 0, ...given } : given

const isObject = (value: FlagValue): value is Extract<FlagValue, Record<string, unknown>> =>
  typeof value === 'object' && !Array.isArray(value)

/** A job of this device in its environment. `words` are the command line around the flags. */
function jobOf(
  device: Device,
  job: Pick<Command, 'kind'> & Pick<ServedModel, 'run' | 'resources' | 'options'>,
  environment: Environment,
  words: (flags: string[]) => string[],
): Command {
  const flags = flagsFor(device, job.options, job.resources)
  const command: Command = {
    kind: job.kind,
    argv: [environment.python, ...words(wordsOf(flags))],
    env: variables(device, job.resources, environment),
    secretEnv: [],
    cwd: job.run,
    gracePeriodSeconds,
    resources: device.resources(flags, job.resources),
    setup: [],
  }
  return inEnvironment(command, environment)
}

function serveCommand(device: Device, served: ServedModel, environment: Environment): Command {
  const { model, name, run, resources, options } = served
  const own = ['--served-model-name', name, '--host', '{host}', '--port', '{port}']
  // Without this, the checkpoint would set the sampling values that a request leaves out. vLLM's
  // own defaults keep rounds comparable.
  const always = ['--generation-config', 'vllm']
  const program = ['-m', 'vllm.entrypoints.cli.main', 'serve', model]
  return jobOf(device, { kind: 'serve', run, resources, options }, environment, (flags) => [
    ...program,
    ...own,
    ...always,
    ...flags,
  ])
}

/**
 * verify.py in the source folder. A compiled program in dist/ is one folder further away from it.
 */
const verifyScript = (): string =>
  [new URL('verify.py', import.meta.url), new URL('../../../../jobs/servers/vllm/verify.py', import.meta.url)]
    .map((url) => fileURLToPath(url))
    .find((path) => existsSync(path)) ?? 'verify.py'

function verifyCommand(device: Device, request: VerifyRequest, environment: Environment): Command {
  const { model, base, start, result, run, resources, options } = request
  const folders = ['--model', model, '--base', base, '--start', start, '--result', result]
  return jobOf(device, { kind: 'task', run, resources, options }, environment, (flags) => [
    verifyScript(),
    ...folders,
    '--',
    ...flags,
  ])
}

function check(device: Device, { resources, options, ...asked }: Parameters<ModelServer['check']>[0]): Finding[] {
  const { flags, problems } = flagsOf(options)
  const found = [
    ...problems,
    ...requestFindings(flags, { ...asked, resources, options }),
    ...device.check(flags, resources),
  ]
  if (flags['enable-lora'] === true) found.push(note('enable-lora has no use: Hone merges adapters into whole weights'))
  return found
}

const serverOf = (device: Device): ModelServer => ({
  name: device.name,
  environment: device.name,
  resources: ({ resources, options }) => device.resources(flagsOf(options).flags, resources),
  check: (wish) => check(device, wish),
  plan: (served, environment) => ({
    command: serveCommand(device, served, environment),
    healthPath: '/health',
    readyModel: served.name,
    readyRoot: served.model,
    readyWithinSeconds,
  }),
  verify: (request, environment) => verifyCommand(device, request, environment),
})

/** vLLM on NVIDIA GPUs. Options are flags of `vllm serve` (as of 0.33) by name. */
export const vllm: ModelServer = serverOf(gpu)

/** vLLM on CPUs alone: the CPU build of 0.32, with the same flags. */
export const vllmCpu: ModelServer = serverOf(cpu)

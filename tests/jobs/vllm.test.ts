import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Environment } from '../../jobs/command.ts'
import type { ServedModel } from '../../jobs/servers/model-server.ts'
import { modelServers } from '../../jobs/servers/registry.ts'
import { vllm, vllmCpu } from '../../jobs/servers/vllm/vllm.ts'

const environment: Environment = {
  name: 'vllm',
  python: '/env/bin/python',
  env: { PYTHONPATH: '/trainer' },
  setup: [],
  prefix: [],
}
const served = (options: ServedModel['options'] = {}, resources: ServedModel['resources'] = {}): ServedModel => ({
  model: '/weights',
  name: 'checkpoint-1',
  run: '/run',
  resources,
  options,
})

/**
 * The first `count` words of a server's command line from a flag on. Empty when the flag is absent.
 */
function words(argv: readonly string[], flag: string, count = 1): string[] {
  const at = argv.indexOf(flag)
  return at === -1 ? [] : argv.slice(at, at + count + 1)
}

const argvOf = (options: ServedModel['options'], resources: ServedModel['resources'] = {}, server = vllm) =>
  server.plan(served(options, resources), environment).command.argv

describe('the command', () => {
  test('serves the folder under its name where the job is told to listen, and is ready as that model', () => {
    const plan = vllm.plan(served(), environment)
    expect(plan.command.argv.slice(0, 11).join(' ')).toBe(
      '/env/bin/python -m vllm.entrypoints.cli.main serve /weights --served-model-name checkpoint-1 --host {host} --port {port}',
    )
    expect(plan).toMatchObject({ healthPath: '/health', readyModel: 'checkpoint-1', readyRoot: '/weights' })
    expect(plan.command).toMatchObject({ kind: 'serve', cwd: '/run', secretEnv: [] })
  })

  test('keeps the sampling defaults of the checkpoint out, and is as long as the model allows', () => {
    const argv = argvOf({})
    expect(words(argv, '--generation-config')).toEqual(['--generation-config', 'vllm'])
    expect(words(argv, '--max-model-len')).toEqual(['--max-model-len', 'auto'])
    expect(words(argv, '--limit-mm-per-prompt')).toEqual(['--limit-mm-per-prompt', '{"video":0}'])
    expect(words(argv, '--dtype')).toEqual(['--dtype', 'bfloat16'])
  })

  test('on processors computes in fp32, compiles nothing and takes a fixed share of memory', () => {
    const { command } = vllmCpu.plan(served({}, { cpus: 2 }), environment)
    expect(words(command.argv, '--dtype')).toEqual(['--dtype', 'float32'])
    expect(words(command.argv, '--kv-cache-memory-bytes')).toEqual(['--kv-cache-memory-bytes', '1073741824'])
    expect(command.argv).toContain('--enforce-eager')
    expect(command.env).toMatchObject({ VLLM_CPU_OMP_THREADS_BIND: 'nobind', OMP_NUM_THREADS: '2' })
  })

  test.each<[string, ServedModel['options'], string[]]>([
    ['a number', { 'max-model-len': 4096 }, ['--max-model-len', '4096']],
    ['a text', { dtype: 'float16' }, ['--dtype', 'float16']],
    ['underscores', { gpu_memory_utilization: 0.8 }, ['--gpu-memory-utilization', '0.8']],
    ['true', { 'enforce-eager': true }, ['--enforce-eager']],
    ['false', { enable_prefix_caching: false }, ['--no-enable-prefix-caching']],
    ['an object', { 'mm-processor-kwargs': { max_pixels: 50_176 } }, ['--mm-processor-kwargs', '{"max_pixels":50176}']],
    [
      'a list',
      { 'disable-access-log-for-endpoints': ['/a', '/b'] },
      ['--disable-access-log-for-endpoints', '/a', '/b'],
    ],
    ['pictures', { 'limit-mm-per-prompt': { image: 4 } }, ['--limit-mm-per-prompt', '{"video":0,"image":4}']],
    ['a seed', { seed: 7 }, ['--seed', '7']],
    ['a negative number', { 'max-logprobs': -1 }, ['--max-logprobs', '-1']],
  ])('takes options by the names of flags: %s', (_kind, options, expected) => {
    expect(words(argvOf(options), expected[0] ?? '', expected.length - 1)).toEqual(expected)
  })

  test('holds each flag once, whatever the options say of a default', () => {
    const argv = argvOf({ max_model_len: 2048, dtype: 'float32' })
    const flags = argv.filter((word) => word.startsWith('--'))
    expect(flags).toEqual([...new Set(flags)])
  })

  test('splits the model over the GPUs that a server has, unless the options say how', () => {
    expect(words(argvOf({}, { gpus: 4 }), '--tensor-parallel-size')).toEqual(['--tensor-parallel-size', '4'])
    expect(words(argvOf({ 'data-parallel-size': 2 }, { gpus: 4 }), '--tensor-parallel-size')[1]).toBe('2')
    expect(words(argvOf({ 'data-parallel-size': 4 }, { gpus: 4 }), '--tensor-parallel-size')).toEqual([])
    expect(words(argvOf({}, { gpus: 1 }), '--tensor-parallel-size')).toEqual([])
  })

  test('asks its place for the GPUs that its flags take, where the recipe does not say', () => {
    const gpus = (options: ServedModel['options']) => vllm.plan(served(options), environment).command.resources.gpus
    expect(gpus({})).toBe(1)
    expect(gpus({ 'tensor-parallel-size': 2, 'pipeline-parallel-size': 2 })).toBe(4)
    expect(vllmCpu.plan(served(), environment).command.resources).toEqual({})
  })

  test('leaves the environment of its processes readable, and asks no hub', () => {
    const { env } = vllm.plan(served(), { ...environment, env: { SPT_NOENV: '', HF_HOME: '/hub' } }).command
    expect(env).toMatchObject({ SPT_NOENV: '1', HF_HUB_OFFLINE: '1', VLLM_NO_USAGE_STATS: '1', HF_HOME: '/hub' })
  })

  test('is the same for the same options, and runs behind what the environment puts before it', () => {
    const inContainer = { ...environment, prefix: ['apptainer', 'exec', 'image.sif'], setup: ['module load cuda'] }
    const plan = vllm.plan(served({ seed: 1 }), inContainer)
    expect(plan).toEqual(vllm.plan(served({ seed: 1 }), inContainer))
    expect(plan.command.argv.slice(0, 4)).toEqual(['apptainer', 'exec', 'image.sif', '/env/bin/python'])
    expect(plan.command.setup).toEqual(['module load cuda'])
  })
})

describe('the check', () => {
  const found = (wish: Partial<Parameters<typeof vllm.check>[0]>, server = vllm) =>
    server
      .check({ resources: {}, options: {}, ...wish })
      .map(({ level, text, fix = '' }) => `${level}: ${text} → ${fix}`)
      .join('\n')

  test('lets through what can work', () => {
    const options = { 'max-model-len': 4096, 'tensor-parallel-size': 2, 'limit-mm-per-prompt': { image: 2 } }
    expect(found({ options, resources: { gpus: 2 }, maxTokens: 1024, imagesPerRequest: 2 })).toBe('')
    expect(found({ options: { 'max-model-len': 'auto' }, maxTokens: 1e6 })).toBe('')
    expect(found({}, vllmCpu)).toBe('')
  })

  test.each([
    [1024, 1024],
    ['1k', 1000],
    ['2K', 2048],
    ['1.5k', 2000],
  ])('refuses max-model-len %s for answers of %s tokens', (length, maxTokens) => {
    expect(found({ options: { max_model_len: length }, maxTokens })).toMatch(
      /^refusal: requests ask for up to .* raise/,
    )
  })

  test('refuses more pictures than the server lets in', () => {
    const images = (image: number | { count: number }) => ({ 'limit-mm-per-prompt': { image } })
    expect(found({ options: images(1), imagesPerRequest: 2 })).toContain('requests have up to 2 pictures')
    expect(found({ options: images({ count: 1 }), imagesPerRequest: 2 })).toContain('allows only 1')
  })

  test('refuses parallel sizes whose product is not the number of GPUs, and GPUs for the CPU build', () => {
    expect(found({ options: { 'tensor-parallel-size': 4 }, resources: { gpus: 2 } })).toMatch(/asks for 2 GPUs.*to 4/)
    expect(found({ options: { 'pipeline-parallel-size': 2 }, resources: { gpus: 3 } })).toMatch(/^refusal: .*3 GPUs/)
    expect(found({ resources: { gpus: 0 } })).toMatch(/needs GPUs.*→ take the server vllm-cpu/)
    expect(found({ resources: { gpus: 1 } }, vllmCpu)).toMatch(/uses no GPU.*→ take the server vllm/)
  })

  test('notes a number of GPUs that seldom divides the heads of a model', () => {
    expect(found({ resources: { gpus: 3 } })).toMatch(/^note: the model is split over 3 GPUs/)
    expect(found({ resources: { gpus: 8 } })).toBe('')
  })

  test('refuses flags that Hone sets itself, secrets on the command line, and what is no flag', () => {
    for (const name of [
      'host',
      'port',
      'served_model_name',
      'served-model-name',
      'api-key',
      'generation_config',
      'model',
    ])
      expect(found({ options: { [name]: 'x' } })).toMatch(/Hone sets this itself, because .* → leave it out/)
    expect(found({ options: { '--seed': 1 } })).toContain('this cannot be a flag')
    expect(found({ options: { seed: null } })).toContain('give a text')
    expect(found({ options: { 'chat-template': '--api-key' } })).toContain('no dash in front')
    expect(found({ options: { x: ['a', '--port', '1'] } })).toContain('no dash in front')
    expect(found({ options: { max_model_len: 1, 'max-model-len': 2 } })).toContain('given twice')
    expect(found({ options: { 'gpu-memory-utilization': 90 } })).toContain('but 90 is not a share')
  })

  test('a plan of options that were refused is none', () => {
    expect(() => argvOf({ port: 1 })).toThrow(/Hone sets this itself/)
  })
})

describe('the verify job', () => {
  const request = {
    ...served({ 'max-model-len': 2048 }),
    model: '/trained',
    base: '/base',
    start: '/start',
    result: '/run/verdict.json',
  }

  test('looks at the folder in the environment of the server, with the flags of the server', () => {
    const { argv, kind, env } = vllmCpu.verify(request, environment)
    const [python, script = ''] = argv
    expect(python).toBe('/env/bin/python')
    expect(existsSync(script)).toBe(true)
    expect(kind).toBe('task')
    expect(argv.slice(2, 11).join(' ')).toBe(
      '--model /trained --base /base --start /start --result /run/verdict.json --',
    )
    const flags = argv.slice(11)
    expect(flags).toEqual(argvOf({ 'max-model-len': 2048 }, {}, vllmCpu).slice(-flags.length))
    expect(env['SPT_NOENV']).toBe('1')
  })

  test.each([
    ['the error of another process', '(EngineCore pid=7) ERROR 11-30 17:00:00 [core.py:1] ValueError: no such head', 1],
    ['the error of one rank', '[rank0]: ValueError: no such head', 1],
    ['an error with its module', 'torch.OutOfMemoryError: no such head', 1],
  ])('tells %s as the reason', (_what, line, status) => {
    expect(reason(['INFO all is well', '[rank0]:     raise ValueError(msg)', line, 'Loading: 0%'], status)).toMatch(
      /^[\w.]*Error: no such head$/,
    )
  })

  test('tells how the process ended where no line names an error', () => {
    expect(reason(['Loading: 0%', ''], -9)).toBe('it ended by signal 9; its last line is: Loading: 0%')
    expect(reason([], 1)).toBe('it ended with status 1 and wrote nothing')
    expect(reason([`ValueError: ${'x'.repeat(900)}`], 1).length).toBeLessThan(310)
  })
})

test('both servers have an environment of their own name', () => {
  expect(modelServers).toMatchObject({ vllm: { environment: 'vllm' }, 'vllm-cpu': { environment: 'vllm-cpu' } })
})

/** The reason that verify.py finds in a log and an exit status. */
function reason(lines: readonly string[], status: number): string {
  const folder = dirname(fileURLToPath(new URL('../../jobs/servers/vllm/verify.py', import.meta.url)))
  const program = 'import json, sys, verify; print(verify.reason(json.loads(sys.argv[1]), int(sys.argv[2])))'
  const options = { cwd: folder, encoding: 'utf8' as const, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } }
  return execFileSync('python3', ['-c', program, JSON.stringify(lines), String(status)], options).trim()
}

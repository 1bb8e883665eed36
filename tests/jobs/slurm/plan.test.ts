import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newJob } from '../../../jobs/launchers/folder.ts'
import type { NodeKind } from '../../../jobs/launchers/slurm/answers.ts'
import { limitMinutes, resourcesOf, whyImpossible } from '../../../jobs/launchers/slurm/limits.ts'
import { slurmSettings } from '../../../jobs/launchers/slurm/options.ts'
import { pathView } from '../../../jobs/launchers/slurm/paths.ts'
import { isOurs, slurmComment, slurmName } from '../../../jobs/launchers/slurm/records.ts'
import { remoteLine } from '../../../jobs/launchers/slurm/ssh.ts'
import { batchScript, sbatchArguments } from '../../../jobs/launchers/slurm/submit.ts'

const command = {
  kind: 'train' as const,
  argv: ['true'],
  env: { PLAIN: 'plain' },
  secretEnv: ['TOKEN'],
  cwd: '/',
  gracePeriodSeconds: 30,
  resources: {},
  setup: [],
}
const job = newJob('demo/1/sft/attempt-1', 'hash', command, { listen: '0.0.0.0' })

describe('two views of a path', () => {
  const see = pathView(
    [
      { here: '/mnt/lab', there: '/lustre/lab' },
      { here: '/mnt/lab/fast/', there: '/nvme' },
    ],
    'cluster',
  )

  test('take the longest folder that fits', () => {
    expect(see('/mnt/lab/runs/1')).toBe('/lustre/lab/runs/1')
    expect(see('/mnt/lab/fast/x')).toBe('/nvme/x')
    expect(see('/mnt/lab/faster')).toBe('/lustre/lab/faster')
    expect(see('/mnt/lab')).toBe('/lustre/lab')
  })

  test('refuse what no job sees', () => {
    for (const path of ['/home/me/data', '/mnt/labs/x', '/mnt/lab/../secret', 'relative']) {
      expect(() => see(path)).toThrow(/do not see/)
    }
  })

  test('are one without pairs', () => {
    expect(pathView([], 'cluster')('/a/b')).toBe('/a/b')
  })
})

describe('the name of a job', () => {
  const there = { place: 'cluster', root: '/shared/runs' }

  test('is plain, readable and its own', () => {
    expect(slurmName('demo/1/sft', there)).toMatch(/^hone-demo_1_sft-[0-9a-f]{12}$/)
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300 }), fc.string({ minLength: 1 }), (one, other) => {
        expect(slurmName(one, there)).toMatch(/^[A-Za-z0-9._-]{1,110}$/)
        expect(slurmName(one, there) === slurmName(other, there)).toBe(one === other)
      }),
    )
    expect(slurmName('a', { ...there, root: '/other' })).not.toBe(slurmName('a', there))
  })

  test('is not enough to take a job for ours: its submission must be the same', () => {
    const name = slurmName(job.key, there)
    const found = {
      id: '1',
      name,
      state: 'RUNNING',
      reason: '',
      comment: slurmComment(job),
      submittedAt: Date.parse(job.submittedAt),
      startedAt: null,
      limitMinutes: null,
      node: '',
    }
    expect(isOurs(found, name, job)).toBe(true)
    expect(isOurs({ ...found, comment: slurmComment({ ...job, id: 'another' }) }, name, job)).toBe(false)
    expect(isOurs({ ...found, name: 'other' }, name, job)).toBe(false)
    // A site with its own comments, and accounting without comments.
    for (const comment of [null, 'charged to physics']) {
      expect(isOurs({ ...found, comment }, name, job)).toBe(true)
      expect(isOurs({ ...found, comment, submittedAt: Date.parse(job.submittedAt) - 86_400_000 }, name, job)).toBe(
        false,
      )
    }
  })
})

describe('a submission', () => {
  const directory = { here: '/mnt/runs/a~1', there: '/lustre/100%/a~1' }
  const argumentsOf = (settings: object, resources: object, minutes: number | null = null) =>
    sbatchArguments({
      settings: slurmSettings.parse(settings),
      job,
      name: 'hone-a',
      directory,
      resources,
      limitMinutes: minutes,
    })

  test('asks for what the job and the place want', () => {
    const site = {
      partition: 'gpu',
      account: 'lab',
      qos: 'long',
      gpuType: 'a100',
      sbatchArguments: ['--constraint=ib'],
    }
    const args = argumentsOf(site, { gpus: 2, cpus: 7.5, memoryGib: 1.5 }, 90)
    const wanted = [
      '--partition=gpu',
      '--account=lab',
      '--qos=long',
      '--gres=gpu:a100:2',
      '--cpus-per-task=8',
      '--mem=1536M',
    ]
    for (const each of [...wanted, '--time=90', '--signal=B:TERM@30', '--no-requeue']) expect(args).toContain(each)
    expect(args.at(-1)).toBe('--constraint=ib')
    expect(args).toContain('--output=/lustre/100%%/a~1/job/slurm.log')
  })

  test('asks for nothing that nobody wants', () => {
    const flags = argumentsOf({}, { gpus: 0 }).map((each) => each.split('=', 1)[0])
    for (const flag of ['--gres', '--mem', '--cpus-per-task', '--time', '--partition'])
      expect(flags).not.toContain(flag)
  })

  test('hands the environment over neither as arguments nor in the script', () => {
    const text = [...argumentsOf({}, {}), batchScript('python3', '/a b/job')].join('\n')
    expect(text).toContain('--export=NONE')
    expect(text).toContain("exec python3 -I -S '/a b/job/wrapper.py' '/a b/job'")
    expect(text).not.toContain('TOKEN')
    expect(text).not.toContain('plain')
  })

  test('through a login node answers in plain words and UTC', () => {
    const line = remoteLine(['squeue', '--format=%i|%T'], { SLURM_CONF: '/etc/my slurm' })
    expect(line).toContain("'SLURM_CONF=/etc/my slurm'")
    expect(line).toMatch(/TZ=UTC .*squeue '--format=%i\|%T'$/)
  })
})

describe('what a partition offers', () => {
  const node: NodeKind = { gpus: new Map([['a100', 4]]), cpus: 64, memoryGib: 500, state: 'idle' }
  const partition = { name: 'debug', isDefault: true, state: 'UP', maxMinutes: 120 }
  const limits = { partition, gpus: 4, cpus: 64, memoryGib: 500, nodes: [node] }

  test('is told where a job asks for more', () => {
    expect(whyImpossible(limits, { gpus: 4, cpus: 64, memoryGib: 500, hours: 2 })).toBeNull()
    expect(whyImpossible(limits, { gpus: 8 })).toBe('8 GPUs asked, partition debug has at most 4 a node')
    expect(whyImpossible(limits, { cpus: 65 })).toContain('64 a node')
    expect(whyImpossible(limits, { memoryGib: 501 })).toContain('500 GiB a node')
    expect(whyImpossible(limits, { hours: 3 })).toContain('at most 2 h')
    expect(whyImpossible({ ...limits, gpus: 0 }, { gpus: 1 }, 'h200')).toContain('GPUs of type h200')
  })

  test('leaves room for the grace at the end, as far as it can', () => {
    expect(limitMinutes(1, 30, null)).toBe(62)
    expect(limitMinutes(1, 30, 60)).toBe(60)
    expect(limitMinutes(undefined, 30, 60)).toBeNull()
  })

  test('gives the GPUs of the place to trainings and servers, and what a job names wins', () => {
    const place = { gpus: 2, cpus: 8 }
    expect(resourcesOf({ kind: 'train', resources: {} }, place)).toEqual({ gpus: 2, cpus: 8 })
    expect(resourcesOf({ kind: 'serve', resources: { gpus: 1, cpus: 4 } }, place)).toEqual({ gpus: 1, cpus: 4 })
    expect(resourcesOf({ kind: 'task', resources: {} }, place)).toEqual({ cpus: 8 })
  })
})

test('settings that no site file may hold are refused', () => {
  const wrong = [
    { partition: 'a b' },
    { ssh: { host: '-oProxyCommand=x' } },
    { sbatchArguments: ['a'] },
    { colour: 1 },
    { tunnel: true },
  ]
  for (const each of wrong) expect(slurmSettings.safeParse(each).success).toBe(false)
})

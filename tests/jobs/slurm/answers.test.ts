import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  parseGpus,
  parseMinutes,
  parsePartitions,
  parseSacct,
  parseScontrolJob,
  parseSinfo,
  parseSqueue,
  parseState,
  parseSubmitted,
  parseTime,
} from '../../../jobs/launchers/slurm/answers.ts'

// Lines are from Slurm 22.05.8 unless a comment says otherwise.
describe('an answer of squeue', () => {
  test('is read in every state', () => {
    const text = [
      '6|PENDING|PartitionDown|2026-11-30T16:40:20|N/A|5:00||hone:abc:id-1|hone-closed-1',
      '1|RUNNING|None|2026-11-30T16:40:19|2026-11-30T16:40:19|1:00|n1|h:1|a/b~c',
      '4|FAILED|BadConstraints|2026-11-30T16:40:19|2026-11-30T16:40:19|UNLIMITED||(null)|sbatch',
      '11|CANCELLED|None|2026-11-30T16:41:19|2026-11-30T16:41:20|UNLIMITED|n2|(null)|can',
      '',
    ].join('\n')
    const [pending, running, failed, cancelled, ...rest] = parseSqueue(text)
    expect(rest).toEqual([])
    expect(pending).toEqual({
      id: '6',
      name: 'hone-closed-1',
      state: 'PENDING',
      reason: 'PartitionDown',
      comment: 'hone:abc:id-1',
      submittedAt: Date.UTC(2026, 10, 30, 16, 40, 20),
      startedAt: null,
      limitMinutes: 5,
      node: '',
    })
    expect(running).toMatchObject({ reason: '', node: 'n1', limitMinutes: 1 })
    expect(failed).toMatchObject({ state: 'FAILED', reason: 'BadConstraints', limitMinutes: null, comment: '' })
    expect(cancelled).toMatchObject({ state: 'CANCELLED', startedAt: Date.UTC(2026, 10, 30, 16, 41, 20) })
  })

  test('is not spoilt by words of the site, arrays of others and half a line', () => {
    const text = [
      '*** Maintenance on Friday ***',
      'c||2026-11-30T16:40:20|N/A|N/A|5:00|0:00|root',
      '77_[1-9]|PENDING|Resources|2026-11-30T16:40:20|N/A|5:00||(null)|array',
      '8|COMPLETED|None|2026-11-30T16:41:19|2026-11-30T16:41:20|UNLIMITED|n1|(null)|wrap',
      '9|RUNN',
    ].join('\n')
    expect(parseSqueue(text).map(({ id }) => id)).toEqual(['8'])
  })

  test('whatever it is, is read without an error, and no job is made up', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const job of parseSqueue(text)) expect(text).toContain(`${job.id}|${job.state}`)
        parseSacct(text)
        parseScontrolJob(text)
        parseSinfo(text)
        parsePartitions(text)
        parseSubmitted(text)
      }),
    )
  })

  test('is read back as it was written, whatever a job is called', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._|:-]{1,30}$/)
    fc.assert(
      fc.property(fc.nat(), word, (id, name) => {
        const line = `${id}|RUNNING|None|2026-11-30T16:40:19|2026-11-30T16:40:19|1:00|n[1-2]|(null)|${name}`
        expect(parseSqueue(line)).toMatchObject([{ id: String(id), name, node: 'n[1-2]' }])
      }),
    )
  })
})

describe('an answer of scontrol', () => {
  const line =
    'JobId=1 JobName=a/b~c UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901759 Nice=0 Account=(null) QOS=(null) ' +
    'JobState=FAILED Reason=NonZeroExitCode Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=7:0 ' +
    'RunTime=00:00:06 TimeLimit=00:01:00 TimeMin=N/A SubmitTime=2026-11-30T16:40:19 EligibleTime=2026-11-30T16:40:19 ' +
    'AccrueTime=2026-11-30T16:40:19 StartTime=2026-11-30T16:40:19 EndTime=2026-11-30T16:40:25 Deadline=N/A ' +
    'Partition=debug AllocNode:Sid=localhost:15623 ReqNodeList=(null) ExcNodeList=(null) NodeList=n1 BatchHost=n1 ' +
    'NumNodes=1 Command=(null) WorkDir=/tmp/sp Comment=h:1  StdErr=/tmp/sp/out-1 Power= TresPerNode=gres:gpu:1 '

  test('about a job is read', () => {
    expect(parseScontrolJob(line)).toMatchObject({
      id: '1',
      name: 'a/b~c',
      state: 'FAILED',
      reason: 'NonZeroExitCode',
      comment: 'h:1',
      node: 'n1',
      limitMinutes: 1,
    })
    expect(parseScontrolJob('slurm_load_jobs error: Invalid job id specified')).toBeNull()
  })

  test('about partitions is read', () => {
    const text =
      'PartitionName=debug AllowGroups=ALL Default=YES QoS=N/A DefaultTime=NONE MaxTime=UNLIMITED Nodes=n[1-2] State=UP\n' +
      'PartitionName=short AllowGroups=ALL Default=NO DefaultTime=NONE MaxTime=1-12:30:00 Nodes=n[1-2] State=DRAIN\n'
    expect(parsePartitions(text)).toEqual([
      { name: 'debug', isDefault: true, state: 'UP', maxMinutes: null },
      { name: 'short', isDefault: false, state: 'DRAIN', maxMinutes: 2190 },
    ])
  })
})

describe('an answer of sacct', () => {
  test('is read, with who cancelled a job left out', () => {
    const text =
      '12|CANCELLED by 1000|2026-11-30T16:41:44|2026-11-30T16:41:47|1-00:00:00|n2|hone-x\n' +
      '13.batch|COMPLETED|2026-11-30T16:41:44|2026-11-30T16:41:47||n2|batch\n'
    expect(parseSacct(text)).toMatchObject([
      { id: '12', state: 'CANCELLED', name: 'hone-x', comment: null, limitMinutes: 1440 },
    ])
  })
})

describe('an answer of sbatch', () => {
  test.each([
    ['42\n', '42'],
    ['42;cluster\n', '42'],
    ['Your project has 12 hours left\n1234567\n', '1234567'],
    ['Submitted batch job 42\n', null],
    ['', null],
  ])('%j names job %j', (text, id) => {
    expect(parseSubmitted(text)).toBe(id)
  })
})

describe('an answer of sinfo', () => {
  test('tells the GPUs of a node by type', () => {
    expect(parseSinfo('gpu:2|2|8000|idle\n(null)|64|257000+|down*\n')).toMatchObject([
      { cpus: 2, memoryGib: 8000 / 1024, state: 'idle' },
      { cpus: 64, state: 'down*' },
    ])
    expect(Object.fromEntries(parseGpus('gpu:2'))).toEqual({ '': 2 })
    expect(Object.fromEntries(parseGpus('gpu'))).toEqual({ '': 1 })
    expect(Object.fromEntries(parseGpus('gpu:a100:4(S:0-1),gpu:h200:2(S:2,3),shard:8'))).toEqual({ a100: 4, h200: 2 })
    expect(Object.fromEntries(parseGpus('gpu:a100_3g.20gb:4'))).toEqual({ 'a100_3g.20gb': 4 })
    expect(parseGpus('(null)').size).toBe(0)
  })
})

describe('times of Slurm', () => {
  test.each([
    ['90', 90],
    ['1:30', 2],
    ['5:00', 5],
    ['2:00:00', 120],
    ['1-12', 2160],
    ['1-12:30', 2190],
    ['1-12:30:01', 2191],
    ['UNLIMITED', null],
    ['Partition_Limit', null],
    ['', null],
  ])('%s are %j minutes', (text, minutes) => {
    expect(parseMinutes(text)).toBe(minutes)
  })

  test('are moments in UTC, or none', () => {
    expect(parseTime('2026-11-30T16:40:19')).toBe(Date.UTC(2026, 10, 30, 16, 40, 19))
    for (const text of ['N/A', 'Unknown', '2026-13-45T99:99:99', 'Mon 16:40']) expect(parseTime(text)).toBeNull()
  })

  test('and states lose what a command adds to them', () => {
    expect(['CANCELLED by 0', 'FAILED+', 'OUT_OF_MEMORY', '?'].map(parseState)).toEqual([
      'CANCELLED',
      'FAILED',
      'OUT_OF_MEMORY',
      '',
    ])
  })
})

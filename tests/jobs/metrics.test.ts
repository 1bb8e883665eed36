import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readFlatLine } from '../../trainers/flat-log.ts'
import { createMetricTailer } from '../../jobs/metrics.ts'
import type { MetricPoint } from '../../jobs/metrics.ts'

let folder = ''
let path = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-metrics-'))
  path = join(folder, 'metrics.jsonl')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const tailer = () =>
  createMetricTailer({ path, read: readFlatLine((name) => (name === 'learning_rate' ? 'lr' : null)) })
const line = (step: number, loss = step / 10) => `${JSON.stringify({ step, time: 1.5, loss })}\n`
const brief = (points: MetricPoint[]) => points.map(({ segment, step, value }) => [segment, step, value])

test('a line gives a point for each number, with our name where it has one', async () => {
  await writeFile(path, '{"step":5,"time":12.5,"loss":0.5,"learning_rate":1e-6,"note":"text","flag":true}\n')
  expect(await tailer().read()).toEqual([
    { segment: 0, step: 5, name: 'loss', canonical: null, value: 0.5, time: 12.5 },
    { segment: 0, step: 5, name: 'learning_rate', canonical: 'lr', value: 1e-6, time: 12.5 },
  ])
})

test('no file is no metric yet', async () => {
  expect(await tailer().read()).toEqual([])
})

test('a torn last line waits for its rest, and counts at the end if it is whole', async () => {
  const tail = tailer()
  await writeFile(path, `${line(1)}{"step":2,"lo`)
  expect(brief(await tail.read())).toEqual([[0, 1, 0.1]])
  await appendFile(path, 'ss":0.2}\n{"step":3,"loss":0.3}')
  expect(brief(await tail.read())).toEqual([[0, 2, 0.2]])
  expect(brief(await tail.read({ final: true }))).toEqual([[0, 3, 0.3]])
  expect(tail.state().badLines).toBe(0)
})

test('what cannot be read is counted and skipped; NaN is no number', async () => {
  const tail = tailer()
  await writeFile(path, `not json\n{"loss":1}\n[1]\n\n{"step":1,"kl":NaN,"loss":-Infinity,"reward":1}\n`)
  expect(brief(await tail.read())).toEqual([[0, 1, 1]])
  expect(tail.state().badLines).toBe(3)
})

test('a truncated, a replaced and a rewritten file each start a new segment', async () => {
  const tail = tailer()
  await writeFile(path, line(1) + line(2))
  expect(brief(await tail.read())).toEqual([
    [0, 1, 0.1],
    [0, 2, 0.2],
  ])
  await truncate(path)
  await appendFile(path, line(1, 7))
  expect(brief(await tail.read())).toEqual([[1, 1, 7]])
  await writeFile(`${path}.new`, line(1, 8) + line(2, 8))
  await rename(`${path}.new`, path)
  expect(brief(await tail.read())).toEqual([
    [2, 1, 8],
    [2, 2, 8],
  ])
  // The same inode and a longer file: only the bytes show the change.
  await writeFile(path, line(1, 9) + line(2, 9) + line(3, 9))
  expect(brief(await tail.read())).toEqual([
    [3, 1, 9],
    [3, 2, 9],
    [3, 3, 9],
  ])
})

test('a tailer that is made again from its state goes on where it was', async () => {
  const first = tailer()
  await writeFile(path, line(1))
  await first.read()
  await appendFile(path, line(2))
  const second = createMetricTailer({ path, read: readFlatLine(() => null) }, first.state())
  expect(brief(await second.read())).toEqual([[0, 2, 0.2]])
})

test('however the file grows and whenever it is read, every line of a segment arrives once and in order', async () => {
  const act = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'read' as const, bytes: 0 }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const, bytes: 0 }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      await rm(path, { force: true })
      const tail = tailer()
      const seen: MetricPoint[] = []
      let run = 0
      let written = 0
      const content = () => Array.from({ length: 60 }, (_, index) => line(index + 1, run + 1)).join('')
      for (const { kind, bytes } of acts) {
        if (kind === 'read') seen.push(...(await tail.read()))
        if (kind === 'append') {
          await appendFile(path, content().slice(written, written + bytes))
          written += bytes
        }
        if (kind === 'restart') {
          await writeFile(path, '')
          run += 1
          written = 0
        }
      }
      seen.push(...(await tail.read()))
      for (const value of new Set(seen.map((point) => point.value))) {
        const steps = seen.filter((point) => point.value === value).map(({ step }) => step)
        expect(steps).toEqual(steps.map((_, index) => index + 1))
      }
      const complete = content().slice(0, written).split('\n').length - 1
      expect(seen.filter(({ value }) => value === run + 1).length).toBe(complete)
      expect(tail.state().badLines).toBe(0)
    }),
    { numRuns: 60 },
  )
})

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openAppendLog } from '../../../data/file-steps/append-log.ts'
import { openFileReplies } from '../../../data/file-steps/file-replies.ts'
import type { FileReplies } from '../../../data/file-steps/file-replies.ts'
import type { Place } from '../../../data/file-steps/read-places.ts'
import { keyOf, reply, requestsOf } from './stored-replies.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The prototype of all open files. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(join(folder, 'any'), 'a+')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

describe('a log that grows', () => {
  it('knows the places of its lines, also when another process has written between them', async () => {
    const path = join(folder, 'deep', 'log')
    const heard: string[] = []
    const [one, other] = [
      await openAppendLog(path, (text) => heard.push(text)),
      await openAppendLog(path, () => undefined),
    ]
    const places = [
      ...(await one.append(['first', 'second ä'])),
      ...(await other.append(['not mine'])).slice(1),
      ...(await one.append(['third'])),
    ]
    expect(await one.read(places)).toEqual(['first', 'second ä', 'third'])
    await other.append(['later'])
    await one.catchUp()
    expect(heard).toEqual(['not mine', 'later'])
    await Promise.all([one.close(), other.close()])
  })

  it('starts a new line after a line that another process could not finish', async () => {
    const path = join(folder, 'log')
    const log = await openAppendLog(path, () => undefined)
    await log.append(['mine'])
    appendFileSync(path, '{"cut')
    const [place] = await log.append(['next'])
    expect(place && (await log.read([place]))).toEqual(['next'])
    await log.close()
    const heard: string[] = []
    await (await openAppendLog(path, (text) => heard.push(text))).close()
    expect(heard).toContain('mine')
    expect(heard.at(-1)).toBe('next')
  })
})

describe('one log of several writers at one time', () => {
  const path = () => join(folder, 'log')
  const whole = (line: string): boolean => /^(one|other) \d+ (x+|y{3000000})$/.test(line)

  it('has every line whole and once, also of batches above a megabyte', async () => {
    const heard: Record<string, string[]> = { one: [], other: [] }
    const logs = await Promise.all(
      ['one', 'other'].map(async (name) => ({
        name,
        log: await openAppendLog(path(), (text) => heard[name]?.push(text)),
      })),
    )
    const written = await Promise.all(
      logs.map(async ({ name, log }) => {
        const places: Place[] = []
        const lines: string[] = []
        for (let batch = 0; batch < 8; batch++) {
          const some = Array.from({ length: 256 }, (_, at) => `${name} ${batch * 256 + at} ${'x'.repeat(8000)}`)
          if (batch === 3) some.push(`${name} 9999 ${'y'.repeat(3_000_000)}`)
          lines.push(...some)
          places.push(...(await log.append(some)))
        }
        expect(await log.read(places)).toEqual(lines)
        return lines
      }),
    )
    const found = readFileSync(path(), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    expect(found.every(whole)).toBe(true)
    expect(found.length).toBe(2 * (8 * 256 + 1))
    expect(new Set(found)).toEqual(new Set(written.flat()))
    for (const { log } of logs) await log.catchUp()
    // A log never hears its own lines, which would count twice.
    expect(heard['one']).toEqual(written[1])
    expect(heard['other']).toEqual(written[0])
    for (const { log } of logs) await log.close()
  })

  it('gives the right sums for replies of two runs', async () => {
    const [one, other] = [await openFileReplies(path(), 'one'), await openFileReplies(path(), 'other')]
    const save = async (replies: FileReplies, run: string): Promise<void> => {
      for (let batch = 0; batch < 6; batch++)
        await replies.save(
          Array.from({ length: 256 }, (_, at) => reply(`${run} ${batch} ${at}`, { text: 'ä'.repeat(4000) })),
        )
    }
    await Promise.all([save(one, 'one'), save(other, 'other')])
    for (const replies of [one, other]) {
      expect(requestsOf(replies)).toBe(6 * 256)
      const keys = ['one', 'other'].map((run) => keyOf(`${run} 5 255`))
      expect([...(await replies.find(keys)).keys()]).toEqual(keys)
      await replies.close()
    }
    const lines = readFileSync(path(), 'utf8').split('\n')
    expect(lines.filter((line) => line !== '').length).toBe(2 * 6 * 256)
  })

  it('on a full disk names the option that moves it, and counts only written lines', async () => {
    const replies = await openFileReplies(path(), 'run', '--replies')
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' })
    const write = vi.spyOn(await fileHandles(), 'write').mockRejectedValueOnce(full)
    try {
      await expect(replies.save([reply('a')])).rejects.toMatchObject({
        type: 'StorageFull',
        nextStep: 'Free space there, or give --replies a place on a disk with room.',
      })
    } finally {
      write.mockRestore()
    }
    expect(replies.paid()).toEqual([])
    await replies.save([reply('a')])
    expect(requestsOf(replies)).toBe(1)
    await replies.close()
  })

  it('keeps lines that the disk wrote only in part at first', async () => {
    const heard: string[] = []
    const log = await openAppendLog(path(), (text) => heard.push(text))
    const lines = ['first', 'second', 'third']
    const write = vi.spyOn(await fileHandles(), 'write').mockImplementationOnce(async (content) => {
      appendFileSync(path(), Buffer.from(content).subarray(0, 9))
      return { bytesWritten: 9, buffer: content }
    })
    try {
      expect(await log.read(await log.append(lines))).toEqual(lines)
    } finally {
      write.mockRestore()
    }
    expect(readFileSync(path(), 'utf8')).toBe('first\nsec\nsecond\nthird\n')
    expect(heard).toEqual(['sec'])
    await log.close()
  })
})

it('a line that another process was writing when the log was opened is heard after its end is written', async () => {
  const path = join(folder, 'log')
  writeFileSync(path, 'whole\n{"ha')
  const heard: string[] = []
  const log = await openAppendLog(path, (text) => heard.push(text))
  appendFileSync(path, 'lf"}\nnext')
  await log.catchUp()
  appendFileSync(path, '\n')
  await log.catchUp()
  expect(heard).toEqual(['whole', '{"ha', '{"half"}', 'next'])
  await log.close()
})

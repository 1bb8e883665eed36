import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../../artifacts/hash.ts'
import { openAppendLog } from '../../../data/file-steps/append-log.ts'
import { openFileReplies } from '../../../data/file-steps/file-replies.ts'
import type { FileReplies } from '../../../data/file-steps/file-replies.ts'
import { openFinishedRows } from '../../../data/file-steps/finished-rows.ts'
import { KeyIndex } from '../../../data/file-steps/key-index.ts'
import type { Place } from '../../../data/file-steps/read-places.ts'
import { handlePieces } from '../../../data/lines/file-pieces.ts'
import { readLines } from '../../../data/lines/read-lines.ts'
import type { Line } from '../../../data/lines/read-lines.ts'
import type { StoredReply } from '../../../models/reply-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const reply = (name: string, changes: Partial<StoredReply> = {}): StoredReply => ({
  key: sha256Hex(name),
  endpoint: 'endpoint',
  model: 'm',
  request: { messages: [{ role: 'user', text: `what is ${name}?` }] },
  text: `${name} is “fine” \u2028\n\u0000 ${'ä'.repeat(5)}`,
  finishReason: 'stop',
  promptTokens: 10,
  completionTokens: 5,
  latencyMs: 12,
  attempts: 1,
  ...changes,
})
const requestsOf = (replies: FileReplies, endpoint = 'endpoint') =>
  replies.paid().find((spent) => spent.endpoint === endpoint)?.requests
const keyOf = (name: string): string => sha256Hex(name)

/** What all open files have in common. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(join(folder, 'any'), 'a+')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}

describe('lines of a file', () => {
  const read = async (content: string | Buffer, from = 0): Promise<Line[]> => {
    const path = join(folder, 'lines')
    writeFileSync(path, content)
    const handle = await open(path)
    try {
      const lines: Line[] = []
      const options = { offset: from, isExact: true, longest: 32 * 1024 * 1024 }
      for await (const some of readLines(handlePieces(handle, from), options)) lines.push(...some)
      return lines
    } finally {
      await handle.close()
    }
  }

  it('are found with their places, whatever stands in them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))),
        fc.boolean(),
        async (texts, isEnded) => {
          const content = Buffer.from(texts.join('\n') + (isEnded && texts.length > 0 ? '\n' : ''))
          const lines = await read(content)
          const last = lines.at(-1)
          const expected = !isEnded && texts.at(-1) === '' ? texts.slice(0, -1) : texts
          expect(lines.map(({ text }) => text)).toEqual(expected)
          for (const { offset, bytes, text } of lines)
            expect(content.toString('utf8', offset, offset + bytes)).toBe(text)
          expect(last?.isEnded ?? true).toBe(isEnded || last === undefined || expected !== texts)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('run over pieces of a file, and one that is too long is told by its length alone', async () => {
    const long = 'x'.repeat(33 * 1024 * 1024)
    const lines = await read(`a\n${'b'.repeat(3 << 20)}\n${long}\nc`)
    expect(lines.map(({ bytes }) => bytes)).toEqual([1, 3 << 20, long.length, 1])
    expect(lines.map(({ text }) => text?.length ?? null)).toEqual([1, 3 << 20, null, 1])
    expect(lines.map(({ isEnded }) => isEnded)).toEqual([true, true, true, false])
  })
})

describe('a log that grows', () => {
  it('says where its lines stand, also where another process has written between them', async () => {
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

  it('puts a line on its own after one that another process could not finish', async () => {
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
    // Own lines are never handed over: they would be booked twice.
    expect(heard['one']).toEqual(written[1])
    expect(heard['other']).toEqual(written[0])
    for (const { log } of logs) await log.close()
  })

  it('is added up right by replies of two runs', async () => {
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

  it('on a full disk says which option moves it, and counts no line that is not there', async () => {
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

  it('keeps lines whose write the disk took in part', async () => {
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

it('a line that another process was writing when the log was opened is heard once it has ended', async () => {
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

describe('replies in a file', () => {
  const path = () => join(folder, 'replies.jsonl')

  it('are found by key, by whoever opens the file, and stay as they were first', async () => {
    const replies = await openFileReplies(path(), 'run')
    await replies.save([reply('a'), reply('b')])
    await replies.save([reply('a', { text: 'another' })])
    const found = await replies.find([keyOf('a'), keyOf('c')])
    expect([...found]).toEqual([[keyOf('a'), reply('a')]])
    await replies.close()
    const again = await openFileReplies(path(), 'other')
    expect((await again.find([keyOf('b')])).get(keyOf('b'))).toEqual(reply('b'))
    expect(again.paid()).toEqual([])
    await again.close()
  })

  it('that another process has saved meanwhile are found, and what each has paid is told apart', async () => {
    const [one, other] = [await openFileReplies(path(), 'one'), await openFileReplies(path(), 'other')]
    await one.save([reply('a')])
    expect((await other.find([keyOf('a')])).size).toBe(1)
    await other.save([reply('b', { endpoint: 'judge' })])
    await other.save([reply('c', { endpoint: 'judge' })])
    expect(other.paid()).toEqual([
      { endpoint: 'judge', model: '', requests: 2, promptTokens: 20, completionTokens: 10 },
    ])
    await one.close()
    await other.close()
    const again = await openFileReplies(path(), 'other')
    expect(again.paid()).toEqual([
      { endpoint: 'judge', model: '', requests: 2, promptTokens: 20, completionTokens: 10 },
    ])
    await again.close()
  })

  it('cut at any byte lose the cut one at most, and the log goes on', async () => {
    const names = ['a', 'b', 'c']
    const replies = await openFileReplies(path(), 'run')
    for (const name of names) await replies.save([reply(name)])
    await replies.close()
    const whole = readFileSync(path())
    const ends = names.map((_, at) => {
      let end = -1
      for (let line = 0; line <= at; line++) end = whole.indexOf(10, end + 1)
      return end
    })
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path(), whole.subarray(0, length))
      const cut = await openFileReplies(path(), 'run')
      // A line that lacks its end alone is a whole reply.
      const left = names.filter((_, at) => length >= (ends[at] ?? 0))
      expect([...(await cut.find(names.map(keyOf))).keys()], `cut at ${length}`).toEqual(left.map(keyOf))
      await cut.save([reply('new')])
      expect((await cut.find([keyOf('new')])).get(keyOf('new'))).toEqual(reply('new'))
      await cut.close()
      const again = await openFileReplies(path(), 'run')
      expect([...(await again.find([...names, 'new'].map(keyOf))).keys()]).toEqual([...left, 'new'].map(keyOf))
      expect(requestsOf(again)).toBe(left.length + 1)
      await again.close()
    }
  })

  it('are found by the next run however long they are', async () => {
    const long = reply('long', { text: 'x'.repeat(40 * 1024 * 1024) })
    const replies = await openFileReplies(path(), 'run')
    await replies.save([long])
    await replies.close()
    const again = await openFileReplies(path(), 'run')
    expect((await again.find([long.key])).get(long.key)?.text.length).toBe(long.text.length)
    expect(requestsOf(again)).toBe(1)
    await again.close()
  })

  it('are not taken from lines that are something else', async () => {
    const good = JSON.stringify({ run: 'run', ...reply('a') })
    const lines = [
      '',
      'not JSON',
      '[]',
      'null',
      '{"key":"short"}',
      JSON.stringify({ run: 'run', ...reply('b', { finishReason: 'odd' as 'stop' }) }),
      '\u0000\u0000',
      good,
    ]
    writeFileSync(path(), Buffer.concat([Buffer.from(lines.join('\n')), Buffer.from([10, 0xff, 0xfe, 10])]))
    const replies = await openFileReplies(path(), 'run')
    expect([...(await replies.find([keyOf('a'), keyOf('b')])).keys()]).toEqual([keyOf('a')])
    await replies.save([reply('b')])
    await replies.close()
    const again = await openFileReplies(path(), 'run')
    expect((await again.find([keyOf('b')])).get(keyOf('b'))).toEqual(reply('b'))
    await again.close()
  })
})

describe('finished rows', () => {
  const path = () => join(folder, 'rows.jsonl')
  const kept = { status: 'kept' as const, reason: null, detail: null, changes: { trace: 't' }, requests: ['k'] }
  const failed = { status: 'failed' as const, reason: 'http-500', detail: 'gone', changes: {}, requests: [] }
  const rowKey = (name: string): string => keyOf(name).slice(0, 32)

  it('cut at any byte lose the cut one at most', async () => {
    const rows = await openFinishedRows(path())
    await rows.save([
      { key: rowKey('a'), outcomes: [kept, kept] },
      { key: rowKey('b'), outcomes: [failed] },
    ])
    await rows.close()
    const whole = readFileSync(path())
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path(), whole.subarray(0, length))
      const cut = await openFinishedRows(path())
      const [a, b] = [cut.find(rowKey('a')), cut.find(rowKey('b'))]
      expect([a !== undefined, b !== undefined]).toEqual([length >= whole.indexOf(10), length >= whole.length - 1])
      expect(a === undefined || (await cut.read([a]))[0]?.length === 2).toBe(true)
      expect(cut.failure(rowKey('b'))).toBe(b ? 'http-500' : undefined)
      const [place] = await cut.save([{ key: rowKey('b'), outcomes: [kept] }])
      expect(place && (await cut.read([place]))).toEqual([[kept]])
      expect(cut.failure(rowKey('b'))).toBeUndefined()
      await cut.close()
    }
  })
})

it('an index of keys tells what a map would', () => {
  const key = fc.nat({ max: 5000 }).map((seed) => sha256Hex(String(seed)))
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat(), fc.integer({ min: 1, max: 1e6 })), { maxLength: 4000 }), (puts) => {
      const [index, map] = [new KeyIndex(), new Map<string, { offset: number; bytes: number }>()]
      for (const [key, offset, bytes] of puts) {
        index.set(key, { offset, bytes })
        map.set(key, { offset, bytes })
      }
      expect(index.size).toBe(map.size)
      for (const [key, place] of map) expect(index.get(key)).toEqual(place)
      expect(index.get(sha256Hex('none'))).toBeUndefined()
    }),
    { numRuns: 30 },
  )
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFileReplies } from '../../../data/file-steps/file-replies.ts'
import { keyOf, reply, requestsOf } from './stored-replies.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('replies in a file', () => {
  const path = () => join(folder, 'replies.jsonl')

  it('are found by key in every run, and the first reply of a key stays', async () => {
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

  it('of an older version are found, and say neither who answered nor that tokens are estimates', async () => {
    const { servedModel: _, isEstimated: __, ...older } = reply('a')
    writeFileSync(path(), `${JSON.stringify({ ...older, run: 'run' })}\n`)
    const replies = await openFileReplies(path(), 'run')
    await replies.save([reply('b', { servedModel: 'm-2026', isEstimated: true })])
    const found = await replies.find([keyOf('a'), keyOf('b')])
    expect(found.get(keyOf('a'))).toEqual(reply('a'))
    expect(found.get(keyOf('b'))).toMatchObject({ servedModel: 'm-2026', isEstimated: true })
    await replies.close()
  })

  it('that cannot be used are counted in every run, and are no reply to any key', async () => {
    const replies = await openFileReplies(path(), 'run')
    await replies.save([{ ...reply('broken'), finishReason: 'unusable' }, reply('a')])
    expect(requestsOf(replies)).toBe(2)
    expect((await replies.find([keyOf('broken')])).size).toBe(0)
    await replies.close()
    const again = await openFileReplies(path(), 'run')
    expect(requestsOf(again)).toBe(2)
    await again.close()
  })

  it('that another process saved meanwhile are found, and each run’s spending is counted apart', async () => {
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

  it('cut at any byte lose at most the cut reply, and the log goes on', async () => {
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
      // A line that lacks only its line break is a whole reply.
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

  it('are not read from other lines', async () => {
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

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFinishedRows } from '../../../data/file-steps/finished-rows.ts'
import { keyOf } from './stored-replies.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('finished rows', () => {
  const path = () => join(folder, 'rows.jsonl')
  const kept = { status: 'kept' as const, reason: null, detail: null, changes: { trace: 't' }, requests: ['k'] }
  const failed = { status: 'failed' as const, reason: 'http-500', detail: 'gone', changes: {}, requests: [] }
  const rowKey = (name: string): string => keyOf(name).slice(0, 32)

  it('cut at any byte lose at most the cut row', async () => {
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

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareImport } from '../../../client/prepare-import.ts'
import { PictureLedger } from '../../../data/import/picture-ledger.ts'
import { folderOf, jsonl } from './files.ts'
import { options } from './reading.ts'

/** The hash of a source. Its picture cannot be decoded, so that no encoder can change the hash. */
async function hashOf(rows: readonly object[], name = 'r.jsonl'): Promise<string> {
  const folder = await folderOf({
    'a.png': 'no picture',
    [name]: name.endsWith('.json') ? JSON.stringify(rows) : jsonl(rows),
  })
  const prepared = await prepareImport({ sources: [join(folder, name)], ...(await options()) })
  const keeper = { has: () => Promise.resolve(false), keep: () => Promise.resolve() }
  return await prepared.identify({
    keeper,
    ledger: new PictureLedger(),
    maxRows: undefined,
    onPictures: () => undefined,
  })
}

const row = { id: 1, image: 'a.png', question: '<image>How many?', answer: '3', choices: ['1', '3'], note: 'x' }

describe('the hash of an import', () => {
  it.each([
    ['of a plain file', [row], '2ec0420b2e481aa937f39e0c9a2b5ac00539cd4f868db801af8a9f7178a3375e'],
    [
      'of rows without pictures',
      [{ id: 'a', question: 'Two and one?', answer: 3 }],
      '4a5cf85a7f42d8cf33a18d372ce0a895566eba5f08d0ca90a42afda4133135fd',
    ],
    [
      'of a conversation',
      [
        {
          image: 'a.png',
          conversations: [
            { from: 'human', value: 'Q' },
            { from: 'gpt', value: '<answer>A</answer>' },
          ],
        },
      ],
      '6ab965e3e4eda4efa9b036e0a18aaff40c14aacd47c3da1f06547a2584d8d1d3',
    ],
  ])('%s is what it was before rows could be read otherwise', async (_, rows, hash) => {
    expect(await hashOf(rows)).toBe(hash)
  })

  it('changes where a row is read otherwise than before, wherever the row is', async () => {
    const rows = Array.from({ length: 1200 }, (_, index) => ({
      ...row,
      id: index,
      ...(index === 1199 && { answer: 'NaN' }),
    }))
    expect(await hashOf(rows)).not.toBe('88b2aae166ac0ff07e30f03b3ea8148c045ee648165ba81758484bb2606c53cc')
  })
})

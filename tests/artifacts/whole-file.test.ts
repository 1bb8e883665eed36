import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeDraft, writeWholeFile, writeWholeFileSync } from '../../artifacts/whole-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-whole-file-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = {
  writeWholeFile: async (path: string, content: string, mode?: number) =>
    writeWholeFile(path, content, mode === undefined ? {} : { mode }),
  writeWholeFileSync: async (path: string, content: string, mode?: number) =>
    writeWholeFileSync(path, content, mode === undefined ? {} : { mode }),
}

describe.each(['writeWholeFile', 'writeWholeFileSync'] as const)('%s', (name) => {
  test('replaces what was there and leaves no draft', async () => {
    const path = join(folder, 'state.json')
    writeFileSync(path, 'a longer old content')
    await write[name](path, 'new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  test('gives the file the mode that was asked for', async () => {
    const path = join(folder, 'secret')
    await write[name](path, 'x', 0o600)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('leaves no draft where the name is taken by a folder', async () => {
    const path = join(folder, 'taken')
    await mkdir(join(path, 'full'), { recursive: true })
    await expect(write[name](path, 'x')).rejects.toMatchObject({ code: 'EISDIR' })
    expect(readdirSync(folder)).toEqual(['taken'])
  })

  test('throws the error of the file system when the folder is missing', async () => {
    await expect(write[name](join(folder, 'none', 'file'), 'x')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

test('a function may write the content piece by piece', async () => {
  const path = join(folder, 'rows.jsonl')
  await writeWholeFile(path, async (file) => {
    for (const line of ['one\n', 'two\n']) await file.write(line)
    expect(existsSync(path)).toBe(false)
  })
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
})

test('a stream may be the content', async () => {
  const path = join(folder, 'bytes')
  await writeWholeFile(path, (file) => writeFile(file, Readable.from([Buffer.from('one '), Buffer.from('two')])))
  expect(readFileSync(path, 'utf8')).toBe('one two')
})

test('a function that fails leaves the old content and no draft', async () => {
  const path = join(folder, 'rows.jsonl')
  writeFileSync(path, 'old')
  const failing = writeWholeFile(path, async (file) => {
    await file.write('half')
    throw new Error('the source broke')
  })
  await expect(failing).rejects.toThrow('the source broke')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['rows.jsonl'])
})

test('a draft has the whole content, and readers of the folder know it by its name', async () => {
  const draft = await writeDraft(join(folder, 'entry.json'), 'content')
  expect(readFileSync(draft, 'utf8')).toBe('content')
  expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).toEqual([])
})

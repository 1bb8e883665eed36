import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { archiveLimits, extractArchive } from '../../../data/import/archive.ts'
import type { ArchiveLimits } from '../../../data/import/archive.ts'
import { createExtractFolder } from '../../../data/import/extract-folder.ts'
import { openSource } from '../../../data/import/open.ts'
import { folderOf, tar, zip } from './files.ts'

/** Unpacks, and returns the folder around the target, so that tests see files beside the target. */
async function unpack(name: string, content: Buffer, limits?: Partial<ArchiveLimits>, signal?: AbortSignal) {
  const around = await folderOf({ [name]: content })
  const into = join(around, 'into')
  await mkdir(into)
  const options = { signal, limits: { ...archiveLimits, ...limits } }
  const error = await extractArchive(join(around, name), into, options).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect((await readdir(around)).sort()).toEqual(['into', name].sort())
  return { into, error }
}

const refused = (why: string) => ({ type: 'InvalidSource', message: expect.stringContaining(why) })

describe.each(['zip', 'tar', 'tar.gz'])('a %s', (kind) => {
  const make = async (entries: { name: string; content?: string }[]): Promise<Buffer> =>
    kind === 'zip' ? zip(entries) : tar(entries, kind === 'tar.gz')

  it('is unpacked with its folders', async () => {
    const content = await make([{ name: 'a/' }, { name: 'a/b.txt', content: 'B' }, { name: './c.txt', content: 'C' }])
    const { into, error } = await unpack(`x.${kind}`, content)
    expect(error).toBeNull()
    expect(await readFile(join(into, 'a/b.txt'), 'utf8')).toBe('B')
    expect((await readdir(into)).sort()).toEqual(['a', 'c.txt'])
  })

  it.each(['../evil.txt', 'a/../../evil.txt', '/evil.txt', 'a\\..\\..\\evil.txt', 'C:/evil.txt'])(
    'with %s is refused',
    async (name) => {
      const { into, error } = await unpack(
        `x.${kind}`,
        await make([
          { name: 'ok.txt', content: 'x' },
          { name, content: 'evil' },
        ]),
      )
      expect(error).toMatchObject({ type: 'InvalidSource' })
      expect(await readdir(into)).not.toContain('evil.txt')
    },
  )

  it('with two entries of one name is refused', async () => {
    const twice = [
      { name: 'a.txt', content: '1' },
      { name: 'a.txt', content: '2' },
    ]
    expect((await unpack(`x.${kind}`, await make(twice))).error).toMatchObject(refused('"a.txt" is in it twice'))
    const below = [
      { name: 'a.txt', content: '1' },
      { name: 'a.txt/b', content: '2' },
    ]
    expect((await unpack(`x.${kind}`, await make(below))).error).toMatchObject({ type: 'InvalidSource' })
  })

  it('beyond a limit is refused', async () => {
    const many = await make(Array.from({ length: 12 }, (_, index) => ({ name: `${index}`, content: 'x'.repeat(100) })))
    expect((await unpack(`x.${kind}`, many, { entries: 10 })).error).toMatchObject(refused('more than 10 entries'))
    expect((await unpack(`x.${kind}`, many, { bytes: 1000 })).error).toMatchObject(refused('more than 1000 bytes'))
  })

  it('that is cut off is refused', async () => {
    const whole = await make([{ name: 'a.txt', content: 'x'.repeat(5000) }])
    expect((await unpack(`x.${kind}`, whole.subarray(0, whole.length / 3))).error).toMatchObject({
      type: 'InvalidSource',
    })
    expect((await unpack(`x.${kind}`, Buffer.from('no archive at all'))).error).toMatchObject({ type: 'InvalidSource' })
  })

  it('stops at the signal', async () => {
    const stop = new AbortController()
    stop.abort(new Error('stopped'))
    const content = await make([{ name: 'a.txt', content: 'x' }])
    expect((await unpack(`x.${kind}`, content, {}, stop.signal)).error).toMatchObject({ message: 'stopped' })
  })
})

it('a tar with links or devices is refused', async () => {
  for (const type of ['symlink', 'link', 'character-device', 'fifo'] as const) {
    const content = await tar([{ name: 'x', type, linkname: '/etc/passwd' }])
    const { error, into } = await unpack('x.tar', content)
    expect(error).toMatchObject(refused(`is a ${type}`))
    expect(await readdir(into)).toEqual([])
  }
})

it('a zip with links or devices is refused', async () => {
  const { error } = await unpack('x.zip', zip([{ name: 'x', content: '/etc/passwd', mode: 0o120777 }]))
  expect(error).toMatchObject(refused('is a link or a device'))
})

it('a zip bomb is refused long before it is unpacked', async () => {
  const bomb = gzipSync(await tar([{ name: 'zeros', content: Buffer.alloc(4_000_000) }]))
  const { error } = await unpack('x.tar.gz', bomb, { ratioFrom: 100_000 })
  expect(error).toMatchObject(refused('more than 100 times its size'))
})

describe('the folder for unpacked files', () => {
  it('is removed when the archive is refused', async () => {
    const unpackBelow = await folderOf()
    const folder = await folderOf({
      'x.tar': await tar([{ name: 'a.txt' }, { name: 'l', type: 'symlink', linkname: 'a' }]),
    })
    await expect(openSource([join(folder, 'x.tar')], { unpackBelow })).rejects.toMatchObject({ type: 'InvalidSource' })
    expect(await readdir(unpackBelow)).toEqual([])
  })

  it('of a process that is gone is removed by the next import', async () => {
    const root = await folderOf({ 'unpacked-2147480000-dead/a.txt': 'x', [`unpacked-${process.pid}-mine/a.txt`]: 'x' })
    await writeFile(join(root, 'notes.txt'), '')
    await createExtractFolder(root)
    const left = await readdir(root)
    expect(left).not.toContain('unpacked-2147480000-dead')
    expect(left).toContain(`unpacked-${process.pid}-mine`)
    expect(left).toHaveLength(3)
  })
})

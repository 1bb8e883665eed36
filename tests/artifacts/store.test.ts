import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contentHash, hashFile, hashTree, sha256Hex } from '../../artifacts/hash.ts'
import { storageError } from '../../artifacts/storage-error.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { HoneError } from '../../domain/errors.ts'
import { writeModel } from './weights.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-store-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const open = () => openArtifactStore(join(folder, 'artifacts'))

describe('hashes', () => {
  test('of a file, a text and a value', async () => {
    const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' // FIPS 180-4, "abc"
    await writeFile(join(folder, 'abc'), 'abc')
    expect(sha256Hex('abc')).toBe(known)
    expect(await hashFile(join(folder, 'abc'))).toBe(known)
    expect(contentHash({ b: 1, a: [2] })).toBe(contentHash({ a: [2], b: 1 }))
  })

  test('of a tree change with any path or content and with nothing else', async () => {
    const files = fc.dictionary(fc.stringMatching(/^[a-c]{1,2}$/), fc.string({ maxLength: 5 }), { maxKeys: 4 })
    const write = async (name: string, content: Record<string, string>) => {
      const root = join(folder, name)
      await rm(root, { recursive: true, force: true })
      await mkdir(join(root, 'deep'), { recursive: true })
      for (const [path, text] of Object.entries(content)) await writeFile(join(root, 'deep', path), text)
      return (await hashTree(root)).hash
    }
    await fc.assert(
      fc.asyncProperty(files, files, async (a, b) => {
        expect((await write('a', a)) === (await write('b', b))).toBe(contentHash(a) === contentHash(b))
      }),
      { numRuns: 40 },
    )
  })

  test('of a tree follow links to files and refuse links to folders', async () => {
    await mkdir(join(folder, 'tree'))
    await writeFile(join(folder, 'blob'), 'x')
    await symlink(join(folder, 'blob'), join(folder, 'tree', 'file'))
    expect((await hashTree(join(folder, 'tree'))).files).toEqual([{ path: 'file', bytes: 1 }])
    await symlink(folder, join(folder, 'tree', 'loop'))
    await expect(hashTree(join(folder, 'tree'))).rejects.toMatchObject({ type: 'InvalidInput' })
  })
})

describe('the store', () => {
  test('keeps an image once under its hash', async () => {
    const store = await open()
    const image = await store.putImage(Buffer.from('pixels'))
    expect(await store.putImage(Buffer.from('pixels'))).toEqual(image)
    expect(image.path).toBe(store.imagePath(sha256Hex('pixels')))
    expect(await readFile(image.path, 'utf8')).toBe('pixels')
    expect(() => store.imagePath('../../etc/passwd')).toThrow(HoneError)
  })

  test('publishes a checkpoint once, whole, read-only, and leaves the source for a retry', async () => {
    const store = await open()
    const source = join(folder, 'output')
    await writeModel(source)
    const published = await store.publishCheckpoint(source)
    expect(await store.publishCheckpoint(source)).toEqual(published)
    expect(published.path).toBe(store.checkpointPath(published.hash))
    expect((await hashTree(published.path)).hash).toBe(published.hash)
    expect(await store.hasCheckpoint(published.hash)).toBe(true)
    expect(await store.hasCheckpoint('0'.repeat(64))).toBe(false)
    await rm(source, { recursive: true })
    expect((await hashTree(published.path)).bytes).toBe(published.bytes)
  })

  test('publishes the same folder twice at once', async () => {
    const store = await open()
    await writeModel(join(folder, 'output'))
    const all = await Promise.all([1, 2, 3].map(() => store.publishCheckpoint(join(folder, 'output'))))
    expect(new Set(all.map(({ hash }) => hash)).size).toBe(1)
    expect(await readdir(join(folder, 'artifacts', 'checkpoints'))).toEqual([all[0]?.hash])
  })

  test('a publisher killed midway leaves nothing that looks published, and a retry publishes', async () => {
    const source = join(folder, 'output')
    await writeModel(source)
    for (let part = 0; part < 300; part += 1) await writeFile(join(source, `part-${part}`), `${part}`)
    const script = `
      import { openArtifactStore } from ${JSON.stringify(join(import.meta.dirname, '../../artifacts/store.ts'))}
      const store = await openArtifactStore(${JSON.stringify(join(folder, 'artifacts'))})
      console.log('publishing')
      await store.publishCheckpoint(${JSON.stringify(source)})`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../..'),
    })
    const checkpoints = join(folder, 'artifacts', 'checkpoints')
    const leftovers = async () => readdir(checkpoints).catch((): string[] => [])
    while ((await leftovers()).length === 0 && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 1))
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    const left = await leftovers()
    expect(left.every((name) => name.startsWith('.tmp-'))).toBe(true)
    const long = new Date(Date.now() - 2 * 3600 * 1000)
    for (const name of left) await utimes(join(checkpoints, name), long, long)
    const store = await open()
    expect(await leftovers()).toEqual([])
    const { hash } = await store.publishCheckpoint(source)
    expect(await leftovers()).toEqual([hash])
    expect((await hashTree(store.checkpointPath(hash))).hash).toBe(hash)
  })

  test('sweeps only what is old enough', async () => {
    const store = await open()
    const { path } = await store.putImage(Buffer.from('pixels'))
    await link(path, join(path, '..', '.tmp-1-x'))
    expect(await store.sweepTemporary(3600)).toBe(0)
    expect(await store.sweepTemporary(-1)).toBe(1)
    expect(await readFile(path, 'utf8')).toBe('pixels')
  })

  test('a store folder that cannot be made says what to do', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(openArtifactStore(join(folder, 'file', 'artifacts'))).rejects.toMatchObject({ type: 'StorageFull' })
  })

  test.skipIf(process.getuid?.() === 0)('a folder without rights says what to do', async () => {
    const store = await open()
    await chmod(join(folder, 'artifacts', 'images'), 0o500)
    await expect(store.putImage(Buffer.from('x'))).rejects.toMatchObject({ type: 'StorageFull' })
  })

  test('a full disk is a named failure', () => {
    const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })
    expect(storageError(full, '/data/x')).toMatchObject({ nextStep: expect.stringContaining('set HONE_HOME') })
    expect(storageError(full, '/data/x', '--output')).toMatchObject({
      nextStep: expect.stringContaining('give --output a place'),
    })
    expect(storageError(new Error('other'), '/data/x')).not.toBeInstanceOf(HoneError)
  })
})

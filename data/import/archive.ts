import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Header } from 'tar-stream'
import { openPromise } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { errorCode, HoneError, messageOf } from '../../domain/errors.ts'
import { tarMembers } from './tar-members.ts'

/** How large an archive may be. */
export interface ArchiveLimits {
  entries: number
  /** Of all files together, unpacked. */
  bytes: number
  /** Unpacked bytes for each byte of the archive, once more than `ratioFrom` bytes are unpacked. */
  ratio: number
  ratioFrom: number
}

/** Text packs ten to one, pictures hardly at all; a bomb packs thousands to one. */
export const archiveLimits: ArchiveLimits = {
  entries: 2_000_000,
  bytes: 512 * 1024 ** 3,
  ratio: 100,
  ratioFrom: 64 * 1024 ** 2,
}

export interface ExtractOptions {
  limits?: ArchiveLimits
  signal?: AbortSignal | undefined
  onFiles?: (count: number) => void
}

/** The ending of an archive's name. */
export const archiveEnding = /\.(?:zip|tar|tgz|tar\.(?:gz|zst|bz2|xz))$/i

/** Whether a file is an archive that is unpacked, by its name. */
export const isArchiveName = (name: string): boolean => archiveEnding.test(name)

/**
 * Unpacks a zip or tar (also a packed one) into an empty folder. One entry that leads outside, is a
 * link or a device, or has the path of another entry refuses the whole archive, and so does more
 * than the limits allow. The files unpacked until then stay: the caller removes the folder. Throws
 * InvalidSource, or what `signal` was aborted with.
 */
export async function extractArchive(file: string, into: string, options: ExtractOptions = {}): Promise<void> {
  const { size } = await stat(file)
  const unpacking = new Unpacking(file, into, size, options)
  try {
    if (/\.zip$/i.test(file)) await unzip(file, unpacking)
    else await untar(file, unpacking)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof HoneError || errorCode(error) === 'ENOSPC') throw error
    throw unpacking.refusal(messageOf(error))
  }
}

/** One archive on its way to a folder, with its entries and bytes so far. */
class Unpacking {
  readonly signal: AbortSignal | undefined
  private readonly file: string
  private readonly into: string
  private readonly size: number
  private readonly limits: ArchiveLimits
  private readonly onFiles: (count: number) => void
  private entries = 0
  private bytes = 0

  constructor(file: string, into: string, size: number, { limits, signal, onFiles }: ExtractOptions) {
    this.file = file
    this.into = into
    this.size = Math.max(1, size)
    this.limits = limits ?? archiveLimits
    this.signal = signal
    this.onFiles = onFiles ?? (() => {})
  }

  refusal(why: string): HoneError {
    return new HoneError({
      type: 'InvalidSource',
      message: `${this.file} is not unpacked: ${why}`,
      nextStep: 'if you trust it, unpack it yourself and import the folder',
    })
  }

  /** Counts an entry and returns its path; null for the files that the Finder adds to archives. */
  place(name: string): string | null {
    this.signal?.throwIfAborted()
    if (++this.entries > this.limits.entries) throw this.refusal(`it has more than ${this.limits.entries} entries`)
    if (this.entries % 1000 === 0) this.onFiles(this.entries)
    const shown = JSON.stringify(name.slice(0, 200))
    const parts = name.split('/').filter((part) => part !== '' && part !== '.')
    if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw this.refusal(`the entry ${shown} has an absolute path`)
    if (parts.includes('..')) throw this.refusal(`the entry ${shown} leads out of the folder`)
    if (/[\\\0]/.test(name) || name.length > 1024) throw this.refusal(`the entry ${shown} has no plain name`)
    if (parts.length === 0 || parts[0] === '__MACOSX' || parts.at(-1) === '.DS_Store') return null
    return join(this.into, ...parts)
  }

  async folder(path: string): Promise<void> {
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOTDIR' ? this.twice(path) : error
    })
  }

  /** Writes one file; never over another. */
  async write(path: string, content: AsyncIterable<unknown>): Promise<void> {
    await this.folder(dirname(path))
    const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw errorCode(error) === 'EEXIST' || errorCode(error) === 'EISDIR' ? this.twice(path) : error
    })
    try {
      for await (const piece of content) {
        const bytes = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece))
        this.count(bytes.length)
        await handle.writeFile(bytes)
      }
    } finally {
      await handle.close()
    }
  }

  private count(bytes: number): void {
    this.signal?.throwIfAborted()
    const { limits } = this
    this.bytes += bytes
    if (this.bytes > limits.bytes) throw this.refusal(`its files have more than ${limits.bytes} bytes`)
    if (this.bytes > limits.ratioFrom && this.bytes / this.size > limits.ratio)
      throw this.refusal(`it unpacks to more than ${limits.ratio} times its size, as bombs do`)
  }

  private twice(path: string): HoneError {
    return this.refusal(`${JSON.stringify(path.slice(this.into.length + 1))} is in it twice`)
  }
}

const fileTypeMask = 0o170000
const fileTypes = { file: 0o100000, folder: 0o040000 }

async function unzip(file: string, unpacking: Unpacking): Promise<void> {
  // All names are checked below in one way; the library's own check would come first, with other
  // words.
  const zip = await openPromise(file, { decodeStrings: true, strictFileNames: true, validateEntrySizes: true })
  try {
    for await (const entry of zip.eachEntry()) await unzipEntry(zip, entry, unpacking)
  } finally {
    zip.close()
  }
}

async function unzipEntry(zip: ZipFile, entry: Entry, unpacking: Unpacking): Promise<void> {
  const { fileName } = entry
  const path = unpacking.place(fileName)
  if (path === null) return
  // The upper half of the external attributes is the Unix mode; 0 where another system wrote the
  // archive.
  const type = (entry.externalFileAttributes >>> 16) & fileTypeMask
  if (type !== 0 && type !== fileTypes.file && type !== fileTypes.folder)
    throw unpacking.refusal(`the entry ${JSON.stringify(fileName.slice(0, 200))} is a link or a device`)
  if (fileName.endsWith('/')) return unpacking.folder(path)
  if (entry.isEncrypted()) throw unpacking.refusal('it is encrypted')
  await unpacking.write(path, await zip.openReadStreamPromise(entry))
}

async function untar(file: string, unpacking: Unpacking): Promise<void> {
  for await (const entry of tarMembers(file)) await untarEntry(entry.header, entry, unpacking)
}

async function untarEntry(
  { name, type }: Header,
  content: AsyncIterable<unknown>,
  unpacking: Unpacking,
): Promise<void> {
  const path = unpacking.place(name)
  if (path === null) return
  if (type === 'directory' || name.endsWith('/')) return unpacking.folder(path)
  if (type !== 'file' && type !== 'contiguous-file' && type !== null && type !== undefined)
    throw unpacking.refusal(`the entry ${JSON.stringify(name.slice(0, 200))} is a ${type}`)
  await unpacking.write(path, content)
}

import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AskFailure } from '../ask.ts'
import { partsOf } from '../request-body.ts'
import type { RequestBody } from '../request-body.ts'
import type { Scope } from '../scope.ts'

/** A request that is to be written. */
export interface Writable {
  key: string
  /** Rejects with the error of the row, e.g. for a picture that cannot be sent. */
  build(): Promise<RequestBody>
}

/** A file of requests on this machine. */
export interface RequestFile<Item extends Writable> {
  path: string
  /** The requests of the file, in its order. */
  written: Item[]
  /** Requests that cannot be sent. */
  refused: { item: Item; error: unknown }[]
  /** Requests that the file has no room for. */
  left: Item[]
  remove(): Promise<void>
}

/** Bodies that are built at one time: their pictures are in memory. */
const bodiesAtOnce = 16

/**
 * Writes requests as lines of a batch, as many as `maxBytes` allows. The pictures of a few requests
 * are in memory at one time. Only this user can read the folder of the file.
 */
export async function writeRequests<Item extends Writable>(
  items: readonly Item[],
  { path: requestPath, maxBytes, scope }: { path: string; maxBytes: number; scope: Scope },
): Promise<RequestFile<Item>> {
  const folder = await mkdtemp(join(tmpdir(), 'hone-batch-'))
  const path = join(folder, 'requests.jsonl')
  const file: RequestFile<Item> = {
    path,
    written: [],
    refused: [],
    left: [],
    remove: () => rm(folder, { recursive: true, force: true }),
  }
  try {
    const handle = await open(path, 'w')
    try {
      let bytes = 0
      for (let at = 0; at < items.length; at += bodiesAtOnce) {
        const group = items.slice(at, at + bodiesAtOnce)
        const bodies = await Promise.allSettled(group.map((item) => item.build()))
        scope.check()
        const lines: Buffer[] = []
        for (const [place, item] of group.entries()) {
          const body = bodies[place]
          if (body?.status !== 'fulfilled') {
            file.refused.push({ item, error: body?.reason })
            continue
          }
          const line = lineOf(item.key, requestPath, body.value)
          if (line.length > maxBytes) file.refused.push({ item, error: tooLarge(line.length, maxBytes) })
          else if (file.left.length > 0 || bytes + line.length > maxBytes) file.left.push(item)
          else {
            bytes += line.length
            lines.push(line)
            file.written.push(item)
          }
        }
        await handle.appendFile(Buffer.concat(lines))
        if (file.left.length > 0) {
          file.left.push(...items.slice(at + bodiesAtOnce))
          break
        }
      }
    } finally {
      await handle.close()
    }
    return file
  } catch (error) {
    await file.remove()
    throw error
  }
}

function lineOf(key: string, url: string, { params, pictures }: RequestBody): Buffer {
  const json = JSON.stringify({ custom_id: key, method: 'POST', url, body: params })
  return Buffer.concat([...partsOf(json, pictures), '\n'].map((part) => Buffer.from(part, 'latin1')))
}

const tooLarge = (bytes: number, most: number): AskFailure =>
  new AskFailure('request-too-large', `the request has ${bytes} bytes; a batch of this endpoint has at most ${most}`)

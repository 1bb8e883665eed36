import { isUtf8 } from 'node:buffer'
import { HoneError } from '../../domain/errors.ts'
import { unreadable } from './engine.ts'
import { jsonValue, notUtf8 } from './json-value.ts'
import { isPictureName } from './picture-names.ts'
import { isMap, weightOf } from './record.ts'
import type { RecordReader, SourceRecord } from './record.ts'
import { tarMembers } from './tar-members.ts'
import { isTextPart, memberOf } from './webdataset.ts'

const batchRows = 64
const batchBytes = 32 * 1024 * 1024
/** Bytes of the largest sample. */
const largestSample = 256 * 1024 * 1024

/**
 * Tars of a WebDataset, one after the other; nothing is unpacked to the disk. Members of one key
 * that lie side by side are a row: the fields of its JSON, texts under their endings, its picture
 * as `image`, and `key`. Several pictures of a sample have their endings for names. A sample that
 * cannot be read is a bad record. Throws InvalidSource for a tar that is broken.
 */
export function readWebdataset(files: readonly string[]): RecordReader {
  return { total: null, read: () => read(files) }
}

async function* read(files: readonly string[]): AsyncGenerator<SourceRecord[]> {
  let line = 0
  let batch: SourceRecord[] = []
  let bytes = 0
  for (const file of files)
    try {
      for await (const sample of samplesOf(file)) {
        const fields = fieldsOf(sample)
        bytes += typeof fields === 'string' ? 0 : weightOf(fields)
        line++
        batch.push(
          typeof fields === 'string'
            ? { line, reason: 'bad-line', detail: `the sample ${sample.key}: ${fields}`.slice(0, 500), id: sample.key }
            : { line, fields },
        )
        if (batch.length < batchRows && bytes < batchBytes) continue
        yield batch
        batch = []
        bytes = 0
      }
    } catch (error) {
      throw error instanceof HoneError ? error : unreadable(file, error)
    }
  if (batch.length > 0) yield batch
}

interface Sample {
  key: string
  parts: Map<string, Buffer>
  /** Endings of members that are neither pictures nor texts. */
  unread: string[]
  bytes: number
  problem: string | null
}

async function* samplesOf(file: string): AsyncGenerator<Sample> {
  const done = new Set<string>()
  let sample: Sample | null = null
  for await (const entry of tarMembers(file)) {
    const { name, type, size } = entry.header
    if (type === 'directory') continue
    const member = memberOf(name)
    if (member === null) continue
    if (sample === null || sample.key !== member.key) {
      if (sample !== null) yield sample
      const problem: string | null = done.has(member.key) ? 'its members do not lie side by side' : null
      sample = { key: member.key, parts: new Map(), unread: [], bytes: 0, problem }
      done.add(member.key)
    }
    const { part } = member
    if (type !== 'file' && type !== 'contiguous-file') sample.problem ??= `the member ${part} is a ${type ?? 'link'}`
    else if (!isPictureName(`x.${part}`) && !isTextPart(part)) sample.unread.push(part)
    else if (sample.parts.has(part)) sample.problem ??= `it has two members ${part}`
    else if ((sample.bytes += size) > largestSample) sample.problem ??= `it has more than ${largestSample} bytes`
    else sample.parts.set(part, await contentOf(entry))
  }
  if (sample) yield sample
}

async function contentOf(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of entry) if (piece instanceof Uint8Array) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The fields of a sample, or what is wrong with it. */
function fieldsOf({ key, parts, unread, problem }: Sample): Record<string, unknown> | string {
  if (problem !== null) return problem
  const fields: Record<string, unknown> = { key }
  const set = (name: string, value: unknown): void => {
    if (Object.hasOwn(fields, name)) fields[`json.${name}`] = fields[name]
    fields[name] = value
  }
  const pictures = [...parts.keys()].filter((part) => isPictureName(`x.${part}`))
  // JSON comes first: what the sample holds besides is never hidden by a field of the same name.
  for (const [part, content] of parts) {
    if (!/(?:^|\.)json$/.test(part)) continue
    const json = isUtf8(content) ? jsonValue(content.toString('utf8').replace(/^\uFEFF/, '')) : { problem: notUtf8 }
    if ('problem' in json) return `${part}: ${json.problem}`
    if (part === 'json' && isMap(json.value)) for (const [name, value] of Object.entries(json.value)) set(name, value)
    else set(part, json.value)
  }
  for (const [part, content] of parts) {
    if (pictures.includes(part)) set(pictures.length === 1 ? 'image' : part, content)
    else if (!/(?:^|\.)json$/.test(part)) {
      if (!isUtf8(content)) return `${part}: ${notUtf8}`
      set(part, content.toString('utf8').trim())
    }
  }
  if (unread.length > 0) set('unread', unread.join(', '))
  return fields
}

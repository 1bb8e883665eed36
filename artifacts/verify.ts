import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../domain/errors.ts'

/** What is wrong with a folder of weights (empty when it is whole), and what was found in it. */
export interface CheckpointReport {
  problems: string[]
  tensors: number
  bytes: number
}

/** Tensors of one safetensors file by name. */
export type SafetensorsHeader = Map<string, { dtype: string; shape: number[] }>

// https://huggingface.co/docs/safetensors: 8 bytes little-endian header length, JSON header of at
// most 100 MB, data.
const lengthBytes = 8
const largestHeaderBytes = 100_000_000
const tensorInfo = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})
const headerShape = z.record(z.string(), z.unknown())
const indexShape = z.object({ weight_map: z.record(z.string(), z.string()) })

const bitsOf: Readonly<Record<string, number>> = {
  F64: 64,
  I64: 64,
  U64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  I8: 8,
  U8: 8,
  BOOL: 8,
}

function parseHeader(text: string, dataBytes: number): SafetensorsHeader {
  const tensors: SafetensorsHeader = new Map()
  let end = 0
  for (const [name, value] of Object.entries(headerShape.parse(JSON.parse(text)))) {
    if (name === '__metadata__') continue
    const { dtype, shape, data_offsets: offsets } = tensorInfo.parse(value)
    const bits = bitsOf[dtype]
    const expected = bits === undefined ? null : (shape.reduce((size, side) => size * side, 1) * bits) / 8
    if (expected !== null && offsets[1] - offsets[0] !== expected) {
      throw new Error(`tensor ${name} has ${offsets[1] - offsets[0]} bytes where its shape needs ${expected}`)
    }
    end = Math.max(end, offsets[1])
    tensors.set(name, { dtype, shape })
  }
  if (end !== dataBytes) {
    throw new Error(`its header promises ${end} bytes of tensors and ${dataBytes} are there: it was cut while written`)
  }
  return tensors
}

/**
 * Reads the header of a safetensors file and checks it against the file's size. Throws an Error
 * that says what is wrong.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const length = Buffer.alloc(lengthBytes)
    const { bytesRead } = await file.read(length, 0, lengthBytes, 0)
    if (bytesRead < lengthBytes) throw new Error('it is shorter than a header')
    const headerBytes = Number(length.readBigUInt64LE())
    if (headerBytes > largestHeaderBytes) throw new Error('its first bytes are not those of a safetensors file')
    if (size < lengthBytes + headerBytes) throw new Error('it ends inside its header: it was cut while written')
    const header = Buffer.alloc(headerBytes)
    await file.read(header, 0, headerBytes, lengthBytes)
    return parseHeader(header.toString('utf8'), size - lengthBytes - headerBytes)
  } finally {
    await file.close()
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'))
}

/** File of each tensor, from the index; null when there is no index. */
async function weightFiles(directory: string, names: ReadonlySet<string>): Promise<Map<string, Set<string>> | null> {
  const indexName = 'model.safetensors.index.json'
  if (!names.has(indexName)) return null
  const files = new Map<string, Set<string>>()
  for (const [tensor, file] of Object.entries(
    indexShape.parse(await readJson(join(directory, indexName))).weight_map,
  )) {
    files.set(file, (files.get(file) ?? new Set()).add(tensor))
  }
  return files
}

/**
 * Checks the weights of a folder in Hugging Face layout: `model.safetensors`, or every file of its
 * index with every tensor in it. No file may be cut. Trainer checkpoints and published models share
 * this part.
 */
export async function verifyWeightFiles(directory: string): Promise<CheckpointReport> {
  const report: CheckpointReport = { problems: [], tensors: 0, bytes: 0 }
  const names = new Set(await readdir(directory).catch((): string[] => []))
  let files: Map<string, Set<string>>
  try {
    files = (await weightFiles(directory, names)) ?? new Map([['model.safetensors', new Set<string>()]])
  } catch (error) {
    report.problems.push(`model.safetensors.index.json cannot be read: ${messageOf(error)}`)
    return report
  }
  for (const [file, wanted] of files) {
    if (!names.has(file)) {
      report.problems.push(`${file} is missing`)
      continue
    }
    try {
      const header = await readSafetensorsHeader(join(directory, file))
      const missing = [...wanted].filter((tensor) => !header.has(tensor))
      if (missing.length > 0) report.problems.push(`${file} lacks ${missing.length} tensors, e.g. ${missing[0]}`)
      if (header.size === 0) report.problems.push(`${file} holds no tensor`)
      report.tensors += header.size
      report.bytes += (await stat(join(directory, file))).size
    } catch (error) {
      report.problems.push(`${file} is damaged: ${messageOf(error)}`)
    }
  }
  return report
}

async function hasChatTemplate(directory: string, names: ReadonlySet<string>): Promise<boolean> {
  if (names.has('chat_template.jinja') || names.has('chat_template.json')) return true
  if (!names.has('tokenizer_config.json')) return false
  const config = z
    .object({ chat_template: z.unknown() })
    .safeParse(await readJson(join(directory, 'tokenizer_config.json')))
  return config.success && config.data.chat_template !== undefined && config.data.chat_template !== null
}

/**
 * Checks that a folder holds everything a server needs: weights, config, tokenizer, image processor
 * and chat template. A trained model that cannot be served elsewhere most often lacks its chat
 * template or its processor. Only the headers of the weights are read. Whether the model loads and
 * answers is checked by the trainer.
 */
export async function verifyCheckpointFiles(directory: string): Promise<CheckpointReport> {
  const names = new Set(await readdir(directory).catch((): string[] => []))
  if (names.size === 0) return { problems: [`${directory} is missing or empty`], tensors: 0, bytes: 0 }
  const report = await verifyWeightFiles(directory)
  const needed: readonly [string, readonly string[]][] = [
    ['config.json', ['config.json']],
    ['an image processor', ['preprocessor_config.json', 'processor_config.json']],
    ['a tokenizer', ['tokenizer.json', 'tokenizer.model', 'vocab.json', 'vocab.txt']],
  ]
  for (const [what, options] of needed) {
    if (!options.some((name) => names.has(name))) report.problems.push(`${what} is missing (${options.join(' or ')})`)
  }
  for (const name of [...names].filter((name) => name.endsWith('.json')).sort()) {
    try {
      await readJson(join(directory, name))
    } catch {
      report.problems.push(`${name} is not whole JSON`)
    }
  }
  if (!(await hasChatTemplate(directory, names).catch(() => false))) report.problems.push('a chat template is missing')
  return report
}

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { createInterface } from 'node:readline'
import type { z } from 'zod'
import { hashFile, sha256Hex } from '../artifacts/hash.ts'
import { answerPolicy } from '../domain/answer-check.ts'
import { HoneError } from '../domain/errors.ts'
import { type SourceLine, sourceLine } from '../domain/rows.ts'
import { RowProblem } from '../domain/row-problem.ts'
import { examineImage, type ExaminedImage } from './pictures/examine.ts'
import { fieldValues } from './statistics/field-values.ts'

/** A picture of a source row, decoded once to see that it is whole. */
interface SourceImage extends ExaminedImage {
  /** Absolute. */
  path: string
  /** SHA-256 of the file. */
  hash: string
  bytes: number
}

/** A good line. */
interface SourceRow {
  ok: true
  /** Line number in the file, from 1. */
  line: number
  value: SourceLine
  images: SourceImage[]
}

/** A line that cannot be used: `bad-line`, `no-question`, `duplicate-id`, `image-missing`, `image-outside`, `image-broken`, `image-too-large`. */
interface BadRow {
  ok: false
  line: number
  /** The line's id where it could be read. */
  id: string | null
  reason: string
  detail: string
  /** The line as far as it could be read. */
  value: SourceLine | null
}

export type SourceItem = SourceRow | BadRow

export interface SourceOptions {
  /** Only so many lines, from the top; empty lines do not count. */
  maxRows?: number | undefined
  /** A line without a question is a bad one: nothing writes questions for a benchmark. */
  needsQuestion?: boolean
}

// Enough to keep sharp's threads busy while lines are yielded in order.
const lookAhead = 8
const maxLineLength = 1024 * 1024

/**
 * Streams a source: a folder with exactly one `*.jsonl`, or the path of that file. Lines come in the order of the file,
 * bad ones too, so that nothing is lost in silence. Pictures are named relative to the file and must lie in its folder
 * (links inside it are followed); an absolute path may lie anywhere, because whoever writes one means it.
 * Throws {@link HoneError} InvalidSource when there is no such file.
 */
export async function* readSource(path: string, options: SourceOptions = {}): AsyncGenerator<SourceItem> {
  const file = await sourceFile(path)
  const folder = dirname(file)
  const examine = rememberLast(4096, examineFile)
  const ids = new Map<string, number>()
  const window: Promise<SourceItem>[] = []
  for await (const { number, text } of lines(file, options.maxRows)) {
    const parsed = parseLine(number, text, ids, options.needsQuestion)
    window.push('ok' in parsed ? Promise.resolve(parsed) : withImages(number, parsed.value, folder, examine))
    const first = window.length >= lookAhead ? window.shift() : undefined
    if (first) yield await first
  }
  for (const item of window) yield await item
}

/**
 * SHA-256 over the lines that count and the contents of their pictures: the same data has the same hash wherever it
 * lies, and a changed picture under an old name is noticed. Where every line needs a question and one has none, the hash is
 * another: what is a row there is a bad line here. Reads every file once.
 */
export async function sourceHash(path: string, options: SourceOptions = {}): Promise<string> {
  const file = await sourceFile(path)
  const hash = createHash('sha256')
  const contents = rememberLast(65_536, (image: string) => hashFile(image).catch(() => 'missing'))
  for await (const { number, text } of lines(file, options.maxRows)) {
    hash.update(`${sha256Hex(text)}\n`)
    const parsed = parseLine(number, text, new Map())
    if ('ok' in parsed) continue
    if (options.needsQuestion && parsed.value.question === undefined) hash.update('no-question\n')
    for (const image of parsed.value.images) hash.update(`${await contents(resolve(dirname(file), image))}\n`)
  }
  return hash.digest('hex')
}

/** What a source holds, counted without a look at its pictures. */
export interface SourceCount {
  /** Lines that can be read. */
  rows: number
  /** Lines that cannot. */
  badLines: number
  /** Mean characters of a question with its choices. */
  questionCharacters: number
  /** Mean pictures a row. */
  images: number
  /** Different values of each counted field of the metadata at most; rows that lack it count as one more. */
  groups: Record<string, number>
}

interface CountOptions extends SourceOptions {
  /** Fields of the metadata whose values are counted: those that a step groups by. All when absent. */
  fields?: readonly string[]
}

/** Counts a source's lines; null when nothing lies at the path. Throws {@link HoneError} InvalidSource as {@link readSource} does. */
export async function countSource(path: string, options: CountOptions = {}): Promise<SourceCount | null> {
  if (!(await stat(path).catch(() => null))) return null
  const file = await sourceFile(path)
  const ids = new Map<string, number>()
  const total = { rows: 0, badLines: 0, characters: 0, images: 0 }
  const fields = fieldValues(options.fields)
  for await (const { number, text } of lines(file, options.maxRows)) {
    const parsed = parseLine(number, text, ids, options.needsQuestion)
    if ('ok' in parsed) {
      total.badLines++
      continue
    }
    const { question = '', choices = [], images, metadata = {} } = parsed.value
    fields.add(metadata)
    total.rows++
    total.images += images.length
    total.characters += choices.reduce((sum, choice) => sum + choice.length, question.length)
  }
  const { rows, badLines } = total
  const mean = (sum: number): number => (rows === 0 ? 0 : sum / rows)
  return {
    rows,
    badLines,
    questionCharacters: mean(total.characters),
    images: mean(total.images),
    groups: fields.groups(rows),
  }
}

async function sourceFile(path: string): Promise<string> {
  const file = resolve(path)
  const found = await stat(file).catch(() => null)
  const refuse = (message: string, nextStep: string) => new HoneError({ type: 'InvalidSource', message, nextStep })
  if (!found)
    throw refuse(`there is no ${file}`, 'check the path of this source in the recipe; it counts from the recipe')
  if (found.isFile()) return file
  const candidates = (await readdir(file)).filter((name) => name.endsWith('.jsonl')).sort()
  const [only] = candidates
  if (only !== undefined && candidates.length === 1) return join(file, only)
  if (only === undefined)
    throw refuse(
      `${file} has no *.jsonl file`,
      'put one there with a line {"id", "images", "question", "answer"} for each question',
    )
  throw refuse(
    `${file} has ${candidates.length} *.jsonl files (${candidates.slice(0, 5).join(', ')})`,
    `name one of them in the recipe, e.g. ${basename(file)}/${only}`,
  )
}

async function* lines(
  file: string,
  maxRows = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ number: number; text: string }> {
  let number = 0
  let rows = 0
  const input = createReadStream(file, 'utf8')
  try {
    for await (const raw of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++
      const text = (number === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim()
      if (text === '') continue
      if (++rows > maxRows) return
      yield { number, text }
    }
  } finally {
    input.destroy()
  }
}

function parseLine(
  line: number,
  text: string,
  ids: Map<string, number>,
  needsQuestion = false,
): { value: SourceLine } | BadRow {
  const bad = (reason: string, detail: string, id: string | null = null, value: SourceLine | null = null): BadRow => ({
    ok: false,
    line,
    id,
    reason,
    detail: detail.slice(0, 500),
    value,
  })
  if (text.length > maxLineLength) return bad('bad-line', `the line has ${text.length} characters`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return bad('bad-line', `not JSON: ${messageOf(error)}`)
  }
  const parsed = sourceLine.safeParse(json)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(problemText)
    return bad('bad-line', problems.join('; '), idOf(json))
  }
  const { data } = parsed
  const earlier = ids.get(data.id)
  if (earlier !== undefined)
    return bad('duplicate-id', `line ${earlier} has the id "${data.id}" already`, data.id, data)
  ids.set(data.id, line)
  if (needsQuestion && data.question === undefined)
    return bad('no-question', 'a benchmark asks something of every line', data.id, data)
  return { value: data }
}

/** `policy: Unrecognized key: "unit" (known: percent, ratio, …)` */
function problemText({ path, message, code }: z.core.$ZodIssue): string {
  const where = path.join('.') || 'line'
  const shape = where === 'policy' ? answerPolicy : sourceLine
  const known = code === 'unrecognized_keys' ? ` (known: ${Object.keys(shape.shape).join(', ')})` : ''
  return `${where}: ${message}${known}`
}

function idOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('id' in json)) return null
  return typeof json.id === 'string' || typeof json.id === 'number' ? String(json.id) : null
}

async function withImages(
  line: number,
  value: SourceLine,
  folder: string,
  examine: (path: string) => Promise<SourceImage>,
): Promise<SourceItem> {
  try {
    const images = await Promise.all(value.images.map((image) => examine(locate(folder, image))))
    return { ok: true, line, value, images }
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error
    return { ok: false, line, id: value.id, reason: error.reason, detail: error.message.slice(0, 500), value }
  }
}

/** Absolute path of a picture as a line names it. Throws {@link RowProblem} `image-outside` for a relative path that leads out of the folder. */
export function locate(folder: string, image: string): string {
  if (isAbsolute(image)) return image
  const path = resolve(folder, image)
  const inside = relative(folder, path)
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw new RowProblem(
      'image-outside',
      `${image} leads out of the source's folder: move it inside, or write its absolute path`,
    )
  return path
}

async function examineFile(path: string): Promise<SourceImage> {
  let content: Buffer
  try {
    content = await readFile(path)
  } catch (error) {
    throw new RowProblem('image-missing', `${path} cannot be read: ${messageOf(error)}`, error)
  }
  try {
    const info = await examineImage(content)
    return { ...info, path, hash: sha256Hex(content), bytes: content.length }
  } catch (error) {
    if (error instanceof RowProblem) throw new RowProblem(error.reason, `${path}: ${error.message}`, error)
    throw error
  }
}

/** Remembers the last results by path: several questions ask about one picture. */
function rememberLast<Result>(
  limit: number,
  run: (path: string) => Promise<Result>,
): (path: string) => Promise<Result> {
  const known = new Map<string, Promise<Result>>()
  return (path) => {
    const found = known.get(path)
    if (found) return found
    const result = run(path)
    // The caller hears of a failure; this one only keeps it from being reported as unheard.
    result.catch(() => undefined)
    known.set(path, result)
    const [oldest] = known.keys()
    if (known.size > limit && oldest !== undefined) known.delete(oldest)
    return result
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

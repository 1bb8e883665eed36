import { stat } from 'node:fs/promises'
import { basename, dirname, relative } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { readdir } from 'node:fs/promises'
import { jsonShape } from './json-shape.ts'
import { rowsOf } from './json-rows.ts'
import { roleOf } from './read-json.ts'

/** Files beside the data that hold no rows. */
const asideNames =
  /^(?:dataset_infos?|dataset_dict|state|package(-lock)?|tsconfig|readme|.*config|tokenizer|special_tokens_map)\.json$/i

/** Larger files are taken for rows unread. */
const smallFile = 16 * 1024 * 1024

/** Files of rows in a folder. */
export interface RowTables {
  files: string[]
  /** Whether the files are one of questions, and one with the annotations to them. */
  isPair: boolean
}

/**
 * Of the text files of a folder, those with rows: the highest ones, without settings and
 * descriptions. `split` chooses among several pairs of questions and annotations.
 */
export async function rowTables(root: string, files: readonly string[], split: string | undefined): Promise<RowTables> {
  const tables = files.filter((file) => !asideNames.test(basename(file)))
  const depth = (file: string): number => relative(root, file).split('/').length
  const highest = Math.min(...tables.map(depth))
  const top = tables.filter((file) => depth(file) === highest)
  if (top.length < 2) return { files: top, isPair: false }
  const withRows: string[] = []
  for (const file of top) if (await mayHaveRows(file)) withRows.push(file)
  const pair = await onePair(split === undefined ? withRows : withRows.filter((file) => basename(file).includes(split)))
  return { files: pair ?? withRows, isPair: pair !== null }
}

async function mayHaveRows(file: string): Promise<boolean> {
  if (!file.endsWith('.json') || (await stat(file)).size > smallFile) return true
  try {
    const shape = await jsonShape(file)
    if (shape.is === 'map') rowsOf(file, shape)
    return shape.is !== 'other'
  } catch (error) {
    // A file that is no JSON may be JSONL, or broken: the reader says so.
    return !(error instanceof HoneError)
  }
}

/** At most so many files are looked at for a pair. */
const mostPairs = 12

async function onePair(files: readonly string[]): Promise<string[] | null> {
  if (files.length > mostPairs || !files.every(isJsonName)) return null
  const roles = await Promise.all(files.map(async (file) => ({ file, role: await roleOf(file) })))
  const questions = roles.filter(({ role }) => role === 'questions')
  const annotations = roles.filter(({ role }) => role === 'annotations')
  if (questions.length !== 1 || annotations.length !== 1) return null
  return [...questions, ...annotations].map(({ file }) => file)
}

const isJsonName = (file: string): boolean => /\.json(\.(gz|zst|bz2|xz))?$/i.test(file)

/**
 * Throws InvalidSource for a file of questions or of annotations alone while its other half lies
 * beside it: the rows would have no answers, or no questions.
 */
export async function requireAnnotations(files: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const [file] = files
  if (file === undefined || files.length > 1) return
  const role = await roleOf(file, signal)
  if (role === null) return
  const folder = dirname(file)
  const beside = (await readdir(folder))
    .filter((name) => isJsonName(name) && name !== basename(file))
    .slice(0, mostPairs)
  for (const name of beside) {
    const other = await roleOf(`${folder}/${name}`, signal)
    if (other === null || other === role || !isAlike(basename(file), name)) continue
    throw new HoneError({
      type: 'InvalidSource',
      message: `${file} holds ${role} alone, and ${name} beside it holds the ${other} to them`,
      nextStep: `name both, and they are joined by question_id: hone import ${file} ${folder}/${name}`,
    })
  }
}

/**
 * Whether two names speak of the same split: `…train2014_questions` and `…train2014_annotations`.
 */
function isAlike(one: string, other: string): boolean {
  const splitIn = (name: string): string => /(?:train|val|test|dev)[a-z]*\d*/i.exec(name)?.[0].toLowerCase() ?? ''
  return splitIn(one) === splitIn(other)
}

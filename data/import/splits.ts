import { basename, dirname, relative } from 'node:path'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { HoneError } from '../../domain/errors.ts'

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })

const endings = /(\.(parquet|pq|arrow|jsonl|ndjson|json|csv|tsv|tar|tgz)|\.(gz|zst|bz2|xz))+$/i

/** The split that a file's name tells: `train` for `train-00000-of-00003.parquet`. */
export const splitOf = (file: string): string =>
  basename(file)
    .replace(endings, '')
    .replace(/-\d+-of-\d+.*$|[-_.]\d+$/, '')

/** Names of files that say nothing of their split: the folder around them does. */
const plainNames = /^(?:\d*|data|dataset|part|shard)$/i

interface Part {
  config: string
  split: string
}

/** A dataset of Hugging Face may have several configs, each in a folder, with the same splits. */
function partOf(root: string, file: string): Part {
  const folders = relative(root, dirname(file))
    .split('/')
    .filter((name) => name !== '')
  const name = splitOf(file)
  const split = plainNames.test(name) ? (folders.pop() ?? name) : name
  return { config: folders.filter((folder) => folder !== 'data').join('/'), split }
}

/**
 * The files of one split below a folder, in their order. Several splits are never mixed unasked,
 * and neither are several configs. `wanted` is a split, `CONFIG/SPLIT`, or a config that has one
 * split. Throws InvalidSource with the names to choose from.
 */
export function oneSplit(root: string, files: readonly string[], wanted: string | undefined): string[] {
  const parts = files.map((file) => ({ file, ...partOf(root, file) }))
  const hasConfigs = new Set(parts.map(({ config }) => config)).size > 1
  const nameOf = ({ config, split }: Part): string => (hasConfigs && config !== '' ? `${config}/${split}` : split)
  const names = [...new Set(parts.map(nameOf))].sort()
  const matching = parts.filter(
    (part) =>
      wanted === undefined || [part.split, part.config, nameOf(part), `${part.config}/${part.split}`].includes(wanted),
  )
  const exact = matching.filter((part) => nameOf(part) === wanted)
  const chosen = exact.length > 0 ? exact : matching
  const found = [...new Set(chosen.map(nameOf))].sort()
  if (found.length === 1) return chosen.map(({ file }) => file)
  if (found.length === 0)
    throw refusal(
      `${root} has no split "${wanted ?? ''}"; it has ${some(names)}`,
      `name one: --split ${didYouMean(wanted ?? '', names) ?? preferred(names)}`,
    )
  throw refusal(
    hasConfigs
      ? `${root} has ${found.length} parts, which are never mixed: ${some(found)}`
      : `${root} has ${found.length} splits: ${some(found)}`,
    hasConfigs
      ? `name one: --split ${preferred(found)}; for several, name their files, e.g. "${root}/*/train-*"`
      : `name one: --split ${preferred(found)}`,
  )
}

const some = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`

const preferred = (names: readonly string[]): string =>
  names.find((name) => /(^|\/)train$/.test(name)) ?? names[0] ?? 'train'

const shardName = /^(.*)-(\d+)-of-(\d+)(.*)$/

export const isShard = (file: string): boolean => shardName.test(basename(file))

/** Shards that are not there, by their names, of how many. */
export interface MissingShards {
  missing: string[]
  of: number
}

/**
 * The shards that the names of others promise: `train-00001-of-00003.parquet`. Throws InvalidSource
 * when two counts of shards lie side by side, because one of them is left over from another
 * version.
 */
export function missingShards(files: readonly string[]): MissingShards {
  const sets = new Map<string, { total: number; seen: Set<number>; nameOf: (number: number) => string }>()
  for (const file of files) {
    const [, name = '', number = '', total = '', rest = ''] = shardName.exec(basename(file)) ?? []
    if (total === '') continue
    const key = `${dirname(file)}/${name}`
    const set = sets.get(key) ?? {
      total: Number(total),
      seen: new Set<number>(),
      nameOf: (at) => `${name}-${String(at).padStart(number.length, '0')}-of-${total}${rest.replace(/^-[^.]*/, '')}`,
    }
    if (set.total !== Number(total))
      throw refusal(
        `${key} has shards of ${set.total} and of ${Number(total)}: they are of two versions`,
        'remove the older ones, or name the files of one version',
      )
    set.seen.add(Number(number))
    sets.set(key, set)
  }
  const missing: string[] = []
  let of = 0
  for (const { total, seen, nameOf } of sets.values()) {
    of += total
    const first = seen.has(0) || !seen.has(total) ? 0 : 1
    // A name may promise any number of shards.
    for (let at = first; at < total + first && missing.length < 1000; at++) if (!seen.has(at)) missing.push(nameOf(at))
  }
  return { missing, of }
}

/** Throws InvalidSource for shards that are missing, with their names. */
export function requireShards({ missing, of }: MissingShards): void {
  if (missing.length === 0) return
  throw refusal(
    `${missing.length} of ${of} shards are missing: ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`,
    'download them, or import without their rows: --allow-missing-shards',
  )
}

/**
 * What is known of a source or benchmark before a run: counted in its file, said by the user, or
 * limited by the recipe.
 */
export interface KnownRows {
  /** Lines that could be read. Their pictures are looked at by the import only. */
  rows: number
  /** Mean characters of a question with its choices; null when only `rows` is known. */
  questionCharacters: number | null
  /** Mean pictures of a row; null when only `rows` is known. */
  images: number | null
  /** Different values of each field of the rows' metadata, where they were counted. */
  groups?: Readonly<Record<string, number>>
  /** Rows that training would leave out, by reason, where rows were looked at. */
  problems?: Readonly<Record<string, number>>
  /** Pictures of the file that were not looked at. */
  unseenPictures?: number
  /** The file is not there: `rows` is the limit that the recipe sets. */
  isLimit?: true
}

/** Weights of the base model. */
export interface KnownModel {
  bytes: number
  parameters: number
  /** Where the figures come from: the folder's files, the hub's count, or the model's name. */
  from: 'folder' | 'hub' | 'name'
}

/** All facts of a plan besides the recipe. A missing fact is unknown, never guessed. */
export interface Known {
  sources: Readonly<Record<string, KnownRows | undefined>>
  benchmarks: Readonly<Record<string, KnownRows | undefined>>
  /** Null when neither folder nor hub nor name says how large the base model is. */
  model: KnownModel | null
}

const bytesAParameter = 2

/**
 * Size, in a 16-bit format, of a model whose name says its parameters, as
 * `Qwen/Qwen2.5-VL-7B-Instruct` does. Null for other names.
 */
export function modelFromName(path: string): KnownModel | null {
  const billions = /(?<![\d.])(\d+(?:\.\d+)?)B(?![A-Za-z0-9])/i.exec(path.split('/').at(-1) ?? '')?.[1]
  if (billions === undefined) return null
  const parameters = Math.round(Number(billions) * 1e9)
  return { parameters, bytes: parameters * bytesAParameter, from: 'name' }
}

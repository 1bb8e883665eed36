import { LineCounter, parseDocument, stringify } from 'yaml'
import { z } from 'zod'
import { answerKinds } from '../../domain/answer-check.ts'
import type { CheckField } from '../../domain/answer-check.ts'
import { HoneError } from '../../domain/errors.ts'
import { explainIssues } from '../../recipes/recipe-issues.ts'

const column = z.string().min(1)

const columns = z.union([column, z.array(column).min(1).max(26)])

/** Columns that hold the turns of a talk, and how the turns are written. */
const conversation = z.strictObject({
  /** Several columns are one talk: TRL has the question in `prompt`, the reply in `completion`. */
  column: columns,
  /** Fields of a turn: who speaks, and what is said. */
  role: column.default('role'),
  text: column.default('content'),
  /** What the speakers are called. Turns of other speakers are left out, system turns too. */
  user: z.array(z.string()).min(1).default(['user', 'human']),
  assistant: z.array(z.string()).min(1).default(['assistant', 'gpt']),
  /**
   * What the last reply is. As `trace` it stays whole; the answer then comes from the answer's
   * column, else from the last `<answer>` or `\boxed` of the reply.
   */
  reply: z.enum(['answer', 'trace']).default('answer'),
  /**
   * What becomes of a talk with several questions. `split` makes a row of each question, with the
   * questions and replies before it in its text. `last` and `first` make one row. Without it, such
   * a row fails.
   */
  turns: z.enum(['split', 'last', 'first']).optional(),
})

/**
 * What a list of several answers is: `majority` of several people (VQAv2), `any` when each is right
 * (DocVQA), `all` for one answer of several parts, `first`, or a `box`. Without it, a row with
 * several different answers fails.
 */
const answerList = z.enum(['majority', 'any', 'all', 'first', 'box'])
export type AnswerList = z.infer<typeof answerList>

/** The columns that say how answers are checked. */
const checkColumns = {
  /** One column with all choices, or a column for each. */
  choices: z.union([column, z.array(column).min(2).max(26)]).optional(),
  /** One kind for all rows, or the column that says it. */
  kind: z.union([z.enum(answerKinds), z.strictObject({ column })]).default('auto'),
  precision: column.optional(),
  policy: column.optional(),
} satisfies Record<CheckField, z.ZodType>

/**
 * Which column of a source becomes which field of a row. A column is a name at the top, or a path
 * with points (`image.url`) where no column has that name. Columns that are not named here go to
 * the metadata.
 */
export const mappingSchema = z.strictObject({
  /**
   * The source has Hone's own rows, and besides this only `images` counts. `line`: the columns are
   * the fields of a line by Hone; `columns`: those of `hone export --to hf-parquet`; or the column
   * with the text of a whole row, and the column of the turns where the trace is the last reply.
   */
  honeRow: z.union([z.enum(['line', 'columns']), z.strictObject({ column, reply: column.optional() })]).optional(),
  /** Without it, a row's number is its id. */
  id: column.optional(),
  /** Columns with the pictures, or `none` for a source that has none at all. */
  images: z.union([column, z.array(column).min(1)]),
  /** Several columns are joined, a line each: a hint and a question, for example. */
  question: columns.optional(),
  /** A column with the questions and replies before this question, as pairs. */
  history: column.optional(),
  answer: column.optional(),
  /** An index names a choice, counted from 0 or from 1. A reply marks its answer. */
  answerIs: z.enum(['written', 'index', 'index-from-1', 'reply']).default('written'),
  answerList: answerList.optional(),
  /** Words that replace an answer, e.g. `{0: no, 1: yes}`. */
  answerWords: z.record(z.string(), z.string()).optional(),
  ...checkColumns,
  description: column.optional(),
  trace: column.optional(),
  conversation: conversation.optional(),
  /** A column with `bbox` and `ref`, which replace ms-swift's `<bbox>` and `<ref-object>`. */
  objects: column.optional(),
  /** Whether a row without a picture stays as a row of text. Otherwise it fails. */
  textRows: z.boolean().optional(),
  /** Which records become rows, e.g. `passrate between 0.3 and 0.9`. */
  where: z.string().min(1).optional(),
  /** Columns under other names in the metadata; `values` replaces words, e.g. `{model: judge}`. */
  metadata: z
    .record(
      z.string().min(1),
      z.union([column, z.strictObject({ column, values: z.record(z.string(), z.string()).default({}) })]),
    )
    .optional(),
  /** A column with a map, or the JSON text of one, whose fields are the metadata themselves. */
  metadataFrom: column.optional(),
  /** Columns that are not wanted in the metadata; `all` for every column that is not named here. */
  leaveOut: z.union([z.literal('all'), z.array(column)]).optional(),
})
export type Mapping = z.infer<typeof mappingSchema>
export type ConversationMapping = NonNullable<Mapping['conversation']>

/** The word for "no pictures", instead of a column. */
export const noPictures = 'none'

/** Columns with pictures; empty when the source has none. */
export const pictureColumns = ({ images }: Mapping): readonly string[] =>
  images === noPictures ? [] : typeof images === 'string' ? [images] : images

/** Columns that are joined to the question; empty when the mapping names no column. */
export const questionColumns = ({ question }: Mapping): readonly string[] => [question ?? []].flat()

/** Columns of the talk; empty when the mapping has no conversation. */
export const talkColumns = ({ conversation: talk }: Mapping): readonly string[] => [talk?.column ?? []].flat()

/** A mapping from parts that Hone wrote itself, with its defaults. */
export const completeMapping = (parts: z.input<typeof mappingSchema>): Mapping => mappingSchema.parse(parts)

/** Keys whose value is a column or several. */
const plainKeys = [
  'id',
  'question',
  'history',
  'answer',
  'choices',
  'precision',
  'policy',
  'description',
  'trace',
  'objects',
  'metadataFrom',
] as const

/** Every column that a mapping names, and where it names it. */
export function namedColumns(mapping: Mapping): { where: string; column: string }[] {
  const plain = plainKeys.flatMap((where) => [mapping[where] ?? []].flat().map((name) => ({ where, column: name })))
  const { honeRow } = mapping
  const own = typeof honeRow === 'object' ? [honeRow.column, honeRow.reply ?? []].flat() : []
  return [
    ...own.map((name) => ({ where: 'honeRow', column: name })),
    ...plain,
    ...pictureColumns(mapping).map((name) => ({ where: 'images', column: name })),
    ...(typeof mapping.kind === 'string' ? [] : [{ where: 'kind.column', column: mapping.kind.column }]),
    ...talkColumns(mapping).map((name) => ({ where: 'conversation.column', column: name })),
    ...Object.entries(mapping.metadata ?? {}).map(([name, from]) => ({
      where: `metadata.${name}`,
      column: typeof from === 'string' ? from : from.column,
    })),
  ]
}

/** The mapping as a file that {@link parseMapping} reads. Defaults are left out. */
export function mappingText(mapping: Mapping): string {
  const { answerIs, kind, conversation: turns, ...rest } = mapping
  return stringify({
    ...rest,
    ...(answerIs !== 'written' && { answerIs }),
    ...(kind !== 'auto' && { kind }),
    ...(turns && { conversation: turns }),
  })
}

/**
 * Reads a mapping's YAML. Throws InvalidInput that lists every problem with its place and its fix.
 */
export function parseMapping(text: string, file: string): Mapping {
  const invalid = (problems: readonly string[]): HoneError =>
    new HoneError({
      type: 'InvalidInput',
      message: `${file} is not a valid mapping\n\n${problems.join('\n\n')}\n`,
      nextStep: 'mend it and run the command again; `hone import SOURCE --dry-run` prints a mapping to start from',
    })
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter })
  const [broken] = document.errors
  if (broken) throw invalid([broken.message.trim().replaceAll(/^/gm, '  ')])
  const raw: unknown = document.toJS({ maxAliasCount: 100 })
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw invalid(['  a mapping is a map of keys, e.g. `question: problem`'])
  const parsed = mappingSchema.safeParse(raw, { reportInput: true })
  if (parsed.success) return parsed.data
  const schema = z.toJSONSchema(mappingSchema, { io: 'input' })
  throw invalid(
    explainIssues(parsed.error.issues, { raw, document, lineCounter, schema: { ...schema } }).map(
      ({ where, value, wrong, fix }) =>
        [`  ${where}: ${wrong}`, ...(value === null ? [] : [`    value: ${value}`]), `    fix:   ${fix}`].join('\n'),
    ),
  )
}

import { z } from 'zod'

/** How an answer is checked. `auto` looks at the gold answer. */
export const answerKinds = [
  'auto',
  'number',
  'expression',
  'choice',
  'list',
  'text',
  'yesno',
  'date',
  'time',
  'ocr',
  'chart',
  'box',
] as const
export type AnswerKind = (typeof answerKinds)[number]

/** The opening and the closing mark of a part of a completion. */
const tagPair = z
  .tuple([z.string().min(1).max(100), z.string().min(1).max(100)])
  .refine(([open, close]) => open !== close, { error: 'both marks are the same: give an opening and a closing mark' })

/**
 * What a row may say about leniency. Every field may be left out; the first value that is named
 * here is the default.
 * - `percent`: lenient takes 45 % = 0.45 = 45; strict takes only 45 % = 0.45.
 * - `ratio`: exact takes 2:3 only as 2:3; reduce also takes 4:6 for it.
 * - `units`: convert takes 150 cm for 1.5 m; strict wants the gold's own unit.
 * - `ocr`: anls takes a text of normalised edit similarity ≥ 0.5 (DocVQA); exact takes only equal
 *   texts.
 * - `years`: chart answers that are years must be exact, or are relaxed like other numbers.
 * - `dateOrder`: how 3/4/2024 is read. It has no default: without it an ambiguous date is
 *   unverifiable.
 * - `match`: boxes match by overlap (IoU ≥ 0.5), or a point of the answer must lie in the gold box.
 * - `form`: solved takes an equal value only when the answer is worked out as far as the gold is:
 *   not 3 + 4 for 7, and not 2x = 10 for x = 5. same also wants the gold's own form: not 0.75 for
 *   3/4. any takes every equal value.
 * - `answerTags`, `reasoningTags`: a pair of marks of the row's model, read like <answer>…</answer>
 *   and <think>…</think>.
 * - `coords`, `goldCoords`: pixels, or thousandths of the picture's `width` and `height`.
 */
export const answerPolicy = z
  .strictObject({
    percent: z.enum(['lenient', 'strict']),
    ratio: z.enum(['exact', 'reduce']),
    units: z.enum(['convert', 'strict']),
    ocr: z.enum(['anls', 'exact']),
    years: z.enum(['exact', 'relaxed']),
    dateOrder: z.enum(['dmy', 'mdy']),
    match: z.enum(['iou', 'point']),
    form: z.enum(['solved', 'same', 'any']),
    answerTags: tagPair,
    reasoningTags: tagPair,
    coords: z.enum(['pixel', '0-1000']),
    goldCoords: z.enum(['pixel', '0-1000']),
    width: z.number().positive(),
    height: z.number().positive(),
  })
  .partial()
export type AnswerPolicy = z.infer<typeof answerPolicy>

/** Who rewards an answer in RL: rules alone, or a judge for what rules leave open (WeThink). */
export const rewardKinds = ['rule', 'judge'] as const
export type RewardKind = (typeof rewardKinds)[number]

/**
 * The fields of a row that say how its answer is checked, as a row holds them: null where the row
 * says nothing. Rows, files of rows, database columns, Parquet columns, training rows, reward
 * requests and hone_trainer take their fields from here. A field that is added here fails to
 * compile, or fails tests/domain/check-fields.test.ts, in every place that must know it.
 */
export const checkFields = z.object({
  kind: z.enum(answerKinds),
  /** Texts of the options in order: the first is A. */
  choices: z.array(z.string()).nullable(),
  /** Decimals after the point that count; null compares as written. */
  precision: z.number().nullable(),
  /** Leniency of this row's check; null takes every default. */
  policy: answerPolicy.nullable(),
})
export type CheckField = keyof typeof checkFields.shape

/** What decides, besides the check, whether a judge is asked about an answer. */
export const judgeFields = z.object({
  /** The question as a judge reads it. */
  question: z.string().nullable(),
  /**
   * `rule` keeps the row from the judge. A row holds it in its metadata: the hashes of stored
   * datasets cover the metadata as it is.
   */
  reward: z.enum(rewardKinds).nullable(),
})

/** What the reward server may hear of a row besides id, reference answer and completion. */
export const rewardFields = checkFields.extend(judgeFields.shape)
export type RewardField = keyof typeof rewardFields.shape
/** Names of {@link rewardFields} in the order of packed references and reward files. */
export const rewardFieldNames: readonly RewardField[] = rewardFields.keyof().options

/** A value in a row. Rows are never changed. */
type Held<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value
type HeldFields<Fields> = { [Field in keyof Fields]: Held<Fields[Field]> }

/** How a row's answer is checked. */
export type Check = HeldFields<z.infer<typeof checkFields>>
/** How a row's answer is checked and rewarded. */
export type RewardCheck = HeldFields<z.infer<typeof rewardFields>>

/** Fields that say something: null and undefined are left out. */
export type Said<Fields> = { [Field in keyof Fields]?: NonNullable<Fields[Field]> | undefined }

/** The check of a row that says nothing about it. */
export const noCheck: Check = { kind: 'auto', choices: null, precision: null, policy: null }

/**
 * A row whose policy says what `usual` says where the row itself says nothing. `usual` is the
 * policy of a recipe; without it the row stays as it is.
 */
export const withUsualPolicy = <Row extends Pick<Check, 'policy'>>(row: Row, usual: AnswerPolicy | undefined): Row =>
  usual === undefined ? row : { ...row, policy: { ...usual, ...row.policy } }

/** The check fields of a row, without its other fields. */
export const checkOf = ({ kind, choices, precision, policy }: Check): Check => ({ kind, choices, precision, policy })

/**
 * Check fields as people write them in a line of JSON. Limits are those of a question on a page.
 */
export const writtenCheck = {
  kind: z.enum(answerKinds).default('auto'),
  /** A choice may be empty: it keeps its letter. */
  choices: z.array(z.string()).min(2).max(26).nullish(),
  precision: z.int().min(0).max(100).nullish(),
  policy: answerPolicy.nullish(),
} satisfies Record<CheckField, z.ZodType>

/** The check of a line, as a row holds it. */
export const checkOfLine = (line: { readonly [Field in CheckField]?: Check[Field] | undefined }): Check => ({
  kind: line.kind ?? noCheck.kind,
  choices: line.choices ?? null,
  precision: line.precision ?? null,
  policy: line.policy ?? null,
})

/**
 * The fields that say something, in their order. Files of rows that do not use a field keep their
 * bytes and hashes when the field is added.
 */
export function saidOf<Fields extends object>(fields: Fields): Said<Fields> {
  const said: Said<Fields> = {}
  for (const name in fields) if (fields[name] !== null && fields[name] !== undefined) said[name] = fields[name]
  return said
}

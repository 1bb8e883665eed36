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

/**
 * What a row may say about leniency. Every field may be left out; the first value named is the default.
 * - `percent`: lenient takes 45 % = 0.45 = 45; strict takes 45 % = 0.45 alone.
 * - `ratio`: exact takes 2:3 as 2:3 alone; reduce takes 4:6 for it.
 * - `units`: convert takes 150 cm for 1.5 m; strict wants the gold's own unit.
 * - `ocr`: anls takes a text of normalised edit similarity ≥ 0.5 (DocVQA); exact takes equal texts alone.
 * - `years`: chart answers that are years must be exact, or are relaxed like other numbers.
 * - `dateOrder`: how 3/4/2024 is read. No default: without it an ambiguous date is unverifiable.
 * - `match`: boxes match by overlap (IoU ≥ 0.5), or a point of the answer must lie in the gold box.
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
    coords: z.enum(['pixel', '0-1000']),
    goldCoords: z.enum(['pixel', '0-1000']),
    width: z.number().positive(),
    height: z.number().positive(),
  })
  .partial()
export type AnswerPolicy = z.infer<typeof answerPolicy>

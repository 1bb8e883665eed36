import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import type { Effort } from '../effort.ts'
import { collapseSpace, unifyCharacters } from '../plain-text.ts'
import type { Box, Point } from './box-geometry.ts'

/**
 * A mark in a picture, in the coordinates of the text. `corners` are two points that may also be
 * the corners of a box.
 */
export type Mark =
  | { type: 'box'; box: Box; label: string | null }
  | { type: 'point'; point: Point; label: string | null }
  | { type: 'corners'; corners: readonly [Point, Point]; label: string | null }

/** The most boxes or points of one answer. */
export const mostMarks = 64
/** The deepest nesting of arrays and objects that is read. */
const mostDepth = 4

const four = z.tuple([z.number(), z.number(), z.number(), z.number()])
const two = z.tuple([z.number(), z.number()])
const named = z.object({
  bbox_2d: four.optional(),
  bbox: four.optional(),
  box: four.optional(),
  point_2d: two.optional(),
  point: two.optional(),
  label: z.string().nullish(),
})
/** Names of the four sides of a box, in the order of its corners. */
const sideNames = [
  ['x1', 'y1', 'x2', 'y2'],
  ['x_min', 'y_min', 'x_max', 'y_max'],
  ['xmin', 'ymin', 'xmax', 'ymax'],
  ['left', 'top', 'right', 'bottom'],
] as const
const sized = [
  ['x', 'y', 'width', 'height'],
  ['x', 'y', 'w', 'h'],
  ['left', 'top', 'width', 'height'],
] as const
const record = z.record(z.string(), z.unknown())
/** Fields of an object that may hold its box or boxes. */
const holders =
  /^(?:bbox(?:_2d|es)?|box(?:es)?|bounding_?box(?:es)?|bndbox|objects?|results?|detections?|answers?|coordinates|location|region|items)$/i

/** The box of an object that names its sides, or a corner and a size. Null for other objects. */
function boxBySides(value: Readonly<Record<string, unknown>>): readonly [number, number, number, number] | null {
  for (const names of sideNames) {
    const box = four.safeParse(names.map((name) => value[name]))
    if (box.success) return box.data
  }
  for (const names of sized) {
    const box = four.safeParse(names.map((name) => value[name]))
    if (box.success) return [box.data[0], box.data[1], box.data[0] + box.data[2], box.data[1] + box.data[3]]
  }
  return null
}

const labels = z.object({ label: z.string().nullish(), name: z.string().nullish() })

const xy = z.object({ x: z.number(), y: z.number() })

/**
 * Reads boxes and points: [x1,y1,x2,y2] · (x1,y1),(x2,y2) · {"bbox_2d":[…],"label":…} and arrays of
 * them, also in a code fence · <box>…</box> · <|box_start|>…<|box_end|> · x1=…, y1=…, x2=…, y2=… ·
 * [x,y] · <point>x y</point> · <point x="…" y="…"> · {"point_2d":[x,y]}. Null when there is no box
 * or point, or when a JSON text holds anything else. "box_2d" is not read: models that write it put
 * y before x.
 */
export function readMarks(raw: string, effort: Effort): Mark[] | null {
  effort.spend(raw.length + 10)
  const text = collapseSpace(unifyCharacters(raw.replaceAll(/```(?:json)?/gi, ' ')))
  if (/["']box_2d["']/.test(text)) return null
  const marks = fromJson(text, effort) ?? fromText(text, effort)
  return marks === null || marks.length === 0 ? null : marks
}

function fromJson(text: string, effort: Effort): Mark[] | null {
  const from = text.search(/[[{]/)
  const to = Math.max(text.lastIndexOf(']'), text.lastIndexOf('}'))
  if (from < 0 || to < from || !/^[[{]\s*["[{]/.test(text.slice(from))) return null
  const value = parseJson(text.slice(from, to + 1))
  const marks: Mark[] = []
  return value !== undefined && collect(value, marks, 0, effort) ? marks : null
}

/** False when the value holds anything that is not a mark. */
function collect(value: unknown, marks: Mark[], depth: number, effort: Effort): boolean {
  effort.spend(5)
  if (depth > mostDepth || marks.length > mostMarks) return depth <= mostDepth
  const box = four.safeParse(value)
  if (box.success) return push(marks, boxMark(box.data, null))
  const pair = two.safeParse(value)
  if (pair.success) return push(marks, { type: 'point', point: pair.data, label: null })
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const ends = z.tuple([two, two]).safeParse(value)
    if (ends.success) return push(marks, { type: 'corners', corners: ends.data, label: null })
    return items.every((item) => collect(item, marks, depth + 1, effort))
  }
  const fields = record.safeParse(value)
  const sides = fields.success ? boxBySides(fields.data) : null
  if (sides !== null) return push(marks, boxMark(sides, labels.safeParse(value).data?.label ?? null))
  const place = xy.safeParse(value)
  if (place.success) return push(marks, { type: 'point', point: [place.data.x, place.data.y], label: null })
  const object = named.safeParse(value)
  const held = fields.success
    ? Object.entries(fields.data).filter(([name, part]) => holders.test(name) && typeof part === 'object')
    : []
  if (!object.success || held.length > 0) {
    const from = marks.length
    if (held.length !== 1 || !collect(held[0]?.[1], marks, depth + 1, effort)) return false
    const label = labels.safeParse(value).data?.label ?? null
    if (label !== null && marks.length === from + 1) marks[from] = { ...(marks[from] as Mark), label }
    return true
  }
  const label = object.data.label ?? null
  const given = object.data.bbox_2d ?? object.data.bbox ?? object.data.box
  const point = object.data.point_2d ?? object.data.point
  if (given !== undefined) return push(marks, boxMark(given, label))
  return point !== undefined && push(marks, { type: 'point', point, label })
}

function push(marks: Mark[], mark: Mark): true {
  marks.push(mark)
  return true
}

function boxMark([x1, y1, x2, y2]: readonly [number, number, number, number], label: string | null): Mark {
  return { type: 'box', box: { x1, y1, x2, y2 }, label }
}

const coordinate = '([+-]?\\d{1,7}(?:\\.\\d{1,10})?)(?: ?px)?'
const gap = '(?: ?, ?| )'
const pointPattern = `\\( ?${coordinate}${gap}${coordinate} ?\\)`
const everywhere = (pair: string): RegExp => new RegExp(pair, 'gi')
/** The forms in order. A later form does not see what an earlier form has read. */
const forms: readonly { pattern: RegExp; type: 'box' | 'point' | 'corners' }[] = [
  { pattern: everywhere(`x_?1 ?[=:] ?${coordinate}[ ,;]{1,2}y_?1 ?[=:] ?${coordinate}[ ,;]{1,2}x_?2 ?[=:] ?${coordinate}[ ,;]{1,2}y_?2 ?[=:] ?${coordinate}`), type: 'box' },
  { pattern: everywhere(`x_?min ?[=:] ?${coordinate}[ ,;]{1,2}y_?min ?[=:] ?${coordinate}[ ,;]{1,2}x_?max ?[=:] ?${coordinate}[ ,;]{1,2}y_?max ?[=:] ?${coordinate}`), type: 'box' },
  { pattern: everywhere(`left ?[=:] ?${coordinate}[ ,;]{1,2}top ?[=:] ?${coordinate}[ ,;]{1,2}right ?[=:] ?${coordinate}[ ,;]{1,2}bottom ?[=:] ?${coordinate}`), type: 'box' },
  { pattern: everywhere(`top[- ]?left:? ?${pointPattern} ?(?:,|and|;)? ?bottom[- ]?right:? ?${pointPattern}`), type: 'box' },
  { pattern: everywhere(`<point x ?= ?["']?${coordinate}["']? y ?= ?["']?${coordinate}["']?[^<>]{0,200}>(?:[^<>]{0,200}</point>)?`), type: 'point' },
  { pattern: everywhere(`<box>[ [(]{0,3}${coordinate}${gap}${coordinate}[ )\\],([]{0,5}(?: |,|\\(|\\[)${coordinate}${gap}${coordinate}[ )\\]]{0,3}</box>`), type: 'box' },
  { pattern: everywhere(`<point>[ [(]{0,3}${coordinate}${gap}${coordinate}[ )\\]]{0,3}</point>`), type: 'point' },
  { pattern: everywhere(`[[(] ?${coordinate} ?, ?${coordinate} ?, ?${coordinate} ?, ?${coordinate} ?[\\])]`), type: 'box' },
  { pattern: everywhere(`[[(] ?${coordinate} ${coordinate} ${coordinate} ${coordinate} ?[\\])]`), type: 'box' },
  { pattern: everywhere(`${pointPattern} ?(?:,|and|to|-)? ?${pointPattern}`), type: 'corners' },
  { pattern: everywhere(`[[(] ?${coordinate}${gap}${coordinate} ?[\\])]`), type: 'point' },
  { pattern: everywhere(`(?<![\\w(]|[([] )x ?[=:] ?${coordinate}[ ,;]{1,2}y ?[=:] ?${coordinate}`), type: 'point' },
  { pattern: everywhere(`^${coordinate}${gap}${coordinate}${gap}${coordinate}${gap}${coordinate}\\.?$`), type: 'box' },
  { pattern: everywhere(`^${coordinate} ?, ?${coordinate}\\.?$`), type: 'point' },
] // prettier-ignore

/** Whether the words around the boxes deny them or choose between them. */
function isOpen(text: string, boxes: number): boolean {
  if (boxes > 1 && /\b(?:or|either|neither)\b|或/i.test(text)) return true
  // "The cat, not the dog, is at …": a denial of another thing is no denial of the box.
  const before = text.slice(0, text.indexOf('¤') < 0 ? text.length : text.indexOf('¤'))
  return (
    /\b(?:not|isn't|neither|nor|never)(?: (?:at|in|within|inside|here|located|the|a|be|found))*\s*$|(?<!\b(?:that|which|who) )\b(?:is|are) not\b|不(?:是|在)?\s*$/i.test(
      before,
    ) ||
    /^[^¤]*¤+[^¤]{0,20}\b(?:is not|isn't|wrong|incorrect)\b/i.test(text) ||
    /\bor\b|或/i.test(text)
  )
}

function fromText(raw: string, effort: Effort): Mark[] | null {
  let text = raw
    .replace(/<(ref)>[^<>]{0,200}<\/ref>|<\|object_ref_start\|>[^<>]{0,200}<\|object_ref_end\|>/gi, ' ')
    .replace(/<(\/?)bbox>/gi, '<$1box>')
    .replace(/<\|box_start\|>/gi, '<box>')
    .replace(/<\|box_end\|>/gi, '</box>')
    .replace(/<\|point_start\|>/gi, '<point>')
    .replace(/<\|point_end\|>/gi, '</point>')
    .trim()
  const found: { mark: Mark; at: number }[] = []
  for (const { pattern, type } of forms) {
    effort.spend(50)
    text = text.replace(pattern, (all: string, ...rest: unknown[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = rest.slice(0, type === 'point' ? 2 : 4).map(Number)
      const at = Number(rest.find((part) => typeof part === 'number'))
      const mark: Mark =
        type === 'box'
          ? boxMark([a, b, c, d], null)
          : type === 'point'
            ? { type, point: [a, b], label: null }
            : { type, corners: [[a, b], [c, d]], label: null } // prettier-ignore
      if (found.length <= mostMarks) found.push({ mark, at })
      return '¤'.repeat(all.length)
    })
  }
  // A list of five numbers, a denial or a choice between boxes leaves text behind that could change
  // the answer.
  if (/\d ?, ?[+-]?\d|¤\d|\d¤/.test(text) || isOpen(text, found.length)) return null
  return found.sort((x, y) => x.at - y.at).map(({ mark }) => mark)
}

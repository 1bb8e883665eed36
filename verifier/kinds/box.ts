import { Effort } from '../effort.ts'
import { leafLimit } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { AnswerPolicy, Ruling, Rule } from '../verdict.ts'
import { centre, hasPairing, isInside, isProper, overlap, sameBox } from './box-geometry.ts'
import type { Box, Point } from './box-geometry.ts'
import { mostMarks, readMarks } from './box-reading.ts'
import type { Mark } from './box-reading.ts'
import { sameText } from './short-text.ts'

/** A box counts as found from this overlap on, as in PASCAL VOC (Everingham et al. 2010). */
const leastOverlap = 0.5

interface Labelled<T> {
  at: T
  label: string | null
}

/**
 * Checks boxes against the gold boxes. Policy `match`:
 * - `iou` (default): the answer has as many boxes as the gold. Each is paired with a gold box of
 *   its own, with an IoU of at least 0.5.
 * - `point`: the answer has as many points as the gold has boxes. Each is inside a gold box of its
 *   own. A box of the answer counts as its centre.
 *
 * Labels must agree when both have a label. Coordinates are pixels, unless `coords` (for the
 * answer) or `goldCoords` say thousandths of the picture. Fractions of one are read as pixels. Two
 * different systems need `width` and `height` in the policy, else the verdict is unverifiable
 * (`not-understood`). A box without area is `bad-gold` in the gold and `not-a-box` in the answer.
 */
export const checkBox: Rule = (goldText, answerText, { policy, effort }) => {
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  const goldScale = scaleOf(policy.goldCoords, policy)
  const scale = scaleOf(policy.coords, policy)
  const goldMarks = readMarks(goldText, effort)
  if (goldMarks === null) return unverifiable('bad-gold')
  const golds = goldMarks.map((mark) => labelled(mark, boxOf(mark)))
  if (!golds.every(({ at }) => at !== null && isProper(at) && fits(at, policy.goldCoords)))
    return unverifiable('bad-gold')
  const marks = readMarks(answerText, effort)
  if (marks === null) return incorrect('not-a-box')
  if (golds.length > mostMarks || marks.length > mostMarks) return unverifiable('too-long')
  if (goldScale === null || scale === null) return unverifiable('not-understood')
  const wanted = golds.flatMap(({ at, label }) => (at === null ? [] : [{ at: scaled(at, goldScale), label }]))
  return policy.match === 'point'
    ? checkPoints(wanted, marks, policy, scale, effort)
    : checkBoxes(wanted, marks, policy, scale, effort)
}

type Scale = readonly [x: number, y: number]

/**
 * The factors to common coordinates: pixels when the two systems differ, else the coordinates that
 * both have. Null when the picture's size is missing.
 */
function scaleOf(system: AnswerPolicy['coords'], policy: AnswerPolicy): Scale | null {
  if ((policy.coords ?? 'pixel') === (policy.goldCoords ?? 'pixel')) return [1, 1]
  const { width, height } = policy
  if (width === undefined || height === undefined) return null
  return system === '0-1000' ? [width / 1000, height / 1000] : [1, 1]
}

function scaled({ x1, y1, x2, y2 }: Box, [x, y]: Scale): Box {
  return { x1: x1 * x, y1: y1 * y, x2: x2 * x, y2: y2 * y }
}

function fits({ x1, y1, x2, y2 }: Box, system: AnswerPolicy['coords']): boolean {
  return system !== '0-1000' || [x1, y1, x2, y2].every((part) => part >= 0 && part <= 1000)
}

function boxOf(mark: Mark): Box | null {
  if (mark.type === 'box') return mark.box
  if (mark.type === 'point') return null
  const [[x1, y1], [x2, y2]] = mark.corners
  return { x1, y1, x2, y2 }
}

function labelled<T>({ label }: Mark, at: T): Labelled<T> {
  return { at, label }
}

function labelsAgree(a: string | null, b: string | null): boolean {
  return a === null || b === null || sameText(a, b)
}

function checkBoxes(
  golds: readonly Labelled<Box>[],
  marks: readonly Mark[],
  { coords }: AnswerPolicy,
  scale: Scale,
  effort: Effort,
): Ruling {
  const boxes: Labelled<Box>[] = []
  for (const mark of marks) {
    const box = boxOf(mark)
    if (box === null || !isProper(box) || !fits(box, coords)) return incorrect('not-a-box')
    boxes.push(labelled(mark, scaled(box, scale)))
  }
  if (boxes.length !== golds.length) return incorrect('different-box')
  const pairs = (test: (a: Box, b: Box) => boolean): boolean =>
    hasPairing(
      golds.length,
      (left, right) => {
        const [gold, box] = [golds[left], boxes[right]]
        return gold !== undefined && box !== undefined && labelsAgree(gold.label, box.label) && test(gold.at, box.at)
      },
      effort,
    )
  if (pairs(sameBox)) return correct('same-box')
  return pairs((a, b) => overlap(a, b) >= leastOverlap) ? correct('overlap') : incorrect('different-box')
}

function checkPoints(
  golds: readonly Labelled<Box>[],
  marks: readonly Mark[],
  { coords }: AnswerPolicy,
  [scaleX, scaleY]: Scale,
  effort: Effort,
): Ruling {
  const points: Labelled<Point>[] = []
  for (const mark of marks) {
    const box = boxOf(mark)
    if (mark.type === 'point') points.push(labelled(mark, mark.point))
    // (10,20),(30,40) are two points when two points are wanted, else the corners of a box.
    else if (mark.type === 'corners' && marks.length < golds.length) {
      points.push(...mark.corners.map((corner) => labelled(mark, corner)))
    } else if (box !== null && isProper(box)) points.push(labelled(mark, centre(box)))
    else return incorrect('not-a-box')
  }
  if (points.some(({ at: [x, y] }) => !fits({ x1: x, y1: y, x2: x, y2: y }, coords))) return incorrect('not-a-box')
  if (points.length !== golds.length) return incorrect('different-box')
  const found = hasPairing(
    golds.length,
    (left, right) => {
      const [gold, point] = [golds[left], points[right]]
      if (gold === undefined || point === undefined || !labelsAgree(gold.label, point.label)) return false
      return isInside([point.at[0] * scaleX, point.at[1] * scaleY], gold.at)
    },
    effort,
  )
  return found ? correct('point-inside') : incorrect('different-box')
}

/**
 * Whether a text marks boxes in a way that no list does: <box>…</box>, <|box_start|>…, {"bbox_2d":
 * …}.
 */
export function isBoxGold(gold: string): boolean {
  if (gold.length > leafLimit || !/<box>|<\|box_start\|>|"bbox_2d"/i.test(gold)) return false
  const marks = readMarks(gold, new Effort())
  return marks !== null && marks.every((mark) => mark.type !== 'point')
}

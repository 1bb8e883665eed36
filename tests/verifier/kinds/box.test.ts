import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Effort } from '../../../verifier/effort.ts'
import { hasPairing, overlap } from '../../../verifier/kinds/box-geometry.ts'
import { checkBox, isBoxGold } from '../../../verifier/kinds/box.ts'
import {
  assertSteady,
  check,
  hostileTexts,
  misread,
  saidBothWays,
  saidBy,
  symmetric,
  textsOf,
  verdictsBothWays,
} from './rule-tests.ts'

const said = saidBy(checkBox)
const gold = '[10, 20, 110, 220]'
const two = '[[0,0,10,10],[20,20,30,30]]'

describe('a box', () => {
  it.each([
    '[10,20,110,220]', '(10,20),(110,220)', '(10,20,110,220)', '[10 20 110 220]', '10, 20, 110, 220', '10 20 110 220', '[10.0, 20, 110, 220]',
    '{"bbox_2d":[10,20,110,220],"label":"dog"}', '[{"bbox_2d": [10,20,110,220]}]', '```json\n[{"bbox_2d": [10, 20, 110, 220], "label": "dog"}]\n```',
    '{"x1":10,"y1":20,"x2":110,"y2":220}', '<box>(10,20),(110,220)</box>', '<box>[[10,20,110,220]]</box>', '<box>10 20 110 220</box>',
    '<|box_start|>(10,20),(110,220)<|box_end|>', '<ref>dog 1</ref><box>(10,20),(110,220)</box>', 'x1=10, y1=20, x2=110, y2=220',
    '[[10,20],[110,220]]', '[[10,20,110,220]]', 'The box is [10, 20, 110, 220].', '（10，20），（110，220）', '{"bbox_2d":[10,20,110,220]',
  ])('is written as %s', (answer) => {
    expect(saidBothWays(said, gold, answer)).toEqual(['same-box', 'same-box'])
  }) // prettier-ignore

  it.each([
    [gold, '[12, 22, 108, 215]', 'overlap'],
    [gold, '[60,20,110,220]', 'overlap'],
    [gold, '[61,20,110,220]', 'incorrect different-box'],
    [gold, '[60,20,160,220]', 'incorrect different-box'],
    [gold, '[20,10,220,110]', 'incorrect different-box'],
    [gold, '[0,0,1000,1000]', 'incorrect different-box'],
    [gold, '[110,220,10,20]', 'incorrect not-a-box'],
    [gold, '[10,20,10,220]', 'incorrect not-a-box'],
    [gold, '[10,20]', 'incorrect not-a-box'],
    [gold, '[10,20,110]', 'incorrect not-a-box'],
    [gold, '[10,20,110,220,5]', 'incorrect not-a-box'],
    [gold, '[10,20,110,220', 'incorrect not-a-box'],
    [gold, '[1e309,1,2,3]', 'incorrect not-a-box'],
    [gold, '[10,20,110,220] or [1,2,3,4]', 'incorrect not-a-box'],
    [gold, 'not [10,20,110,220]', 'incorrect not-a-box'],
    [gold, '[10,20,110,220], [1,2,3,4]', 'incorrect different-box'],
    [gold, 'a dog', 'incorrect not-a-box'],
    [gold, '{"bbox_2d":"10,20,110,220"}', 'incorrect not-a-box'],
    [gold, '{"box_2d":[10,20,110,220]}', 'incorrect not-a-box'],
    [two, '[20,20,30,30] and [0,0,10,10]', 'same-box'],
    [two, '[0,0,10,9],[20,20,30,31]', 'overlap'],
    [two, '[0,0,10,10]', 'incorrect different-box'],
    [two, '[0,0,10,10],[0,0,10,10]', 'incorrect different-box'],
    [two, '[0,0,10,10],[20,20,30,30],[40,40,50,50]', 'incorrect different-box'],
    ['[5,5,5,9]', '[5,5,5,9]', 'unverifiable bad-gold'],
    ['[9,9,5,5]', '[9,9,5,5]', 'unverifiable bad-gold'],
    ['[5,5]', '[5,5]', 'unverifiable bad-gold'],
    ['a dog', '[1,2,3,4]', 'unverifiable bad-gold'],
    [gold, '[1,2,3,4]'.repeat(100), 'unverifiable too-long'],
    ['{"bbox_2d":[0,0,9,9],"label":"dog"}', '{"bbox_2d":[0,0,9,9],"label":"Dog"}', 'same-box'],
    ['{"bbox_2d":[0,0,9,9],"label":"dog"}', '{"bbox_2d":[0,0,9,9],"label":"cat"}', 'incorrect different-box'],
    ['{"bbox_2d":[0,0,9,9],"label":"dog"}', '[0,0,9,9]', 'same-box'],
  ])('%s found as %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    [gold, '[50,50]', 'point-inside'],
    [gold, '(50, 50)', 'point-inside'],
    [gold, '50, 50', 'point-inside'],
    [gold, '<point>50 50</point>', 'point-inside'],
    [gold, '<point x="50" y="50" alt="dog">dog</point>', 'point-inside'],
    [gold, '{"point_2d":[50,50],"label":"dog"}', 'point-inside'],
    [gold, '{"x":50,"y":50}', 'point-inside'],
    [gold, 'x=50, y=50', 'point-inside'],
    [gold, '[10,20]', 'point-inside'],
    [gold, '[40,40,60,60]', 'point-inside'],
    [gold, '(40,40),(60,60)', 'point-inside'],
    [gold, '[9,20]', 'incorrect different-box'],
    [gold, '[50,221]', 'incorrect different-box'],
    [gold, '[50,50],[60,60]', 'incorrect different-box'],
    [gold, 'there', 'incorrect not-a-box'],
    [two, '(25,25),(5,5)', 'point-inside'],
    [two, '[[25,25],[5,5]]', 'point-inside'],
    [two, '(5,5),(5,6)', 'incorrect different-box'],
    [two, '[5,5]', 'incorrect different-box'],
  ])('%s pointed at by %s is %s', (gold, answer, want) => {
    expect(said(gold, answer, { policy: { match: 'point' } })).toBe(want)
  })

  it('is compared in one system of coordinates', () => {
    const size = { width: 200, height: 400 }
    expect(said('[100,100,200,200]', '[500,250,1000,500]', { policy: { coords: '0-1000', ...size } })).toBe('same-box')
    expect(said('[500,250,1000,500]', '[100,100,200,200]', { policy: { goldCoords: '0-1000', ...size } })).toBe(
      'same-box',
    )
    expect(said(gold, '[10,20,110,220]', { policy: { coords: '0-1000', goldCoords: '0-1000' } })).toBe('same-box')
    expect(said('[100,100,200,200]', '[750,300]', { policy: { coords: '0-1000', match: 'point', ...size } })).toBe(
      'point-inside',
    )
    expect(said('[100,100,200,200]', '[500,250,1000,500]', { policy: { coords: '0-1000' } })).toBe(
      'unverifiable not-understood',
    )
    expect(said('[100,100,200,200]', '[500,250,1001,500]', { policy: { coords: '0-1000', ...size } })).toBe(
      'incorrect not-a-box',
    )
    expect(said('[1,1,2000,2]', '[1,1,2,2]', { policy: { goldCoords: '0-1000', ...size } })).toBe(
      'unverifiable bad-gold',
    )
  })

  it('is a gold box only if no list is meant', () => {
    expect(
      misread(
        isBoxGold,
        ['<box>(1,2),(3,4)</box>', '{"bbox_2d":[1,2,3,4]}'],
        ['[1,2,3,4]', '(1,2),(3,4)', '<point>1 2</point>', '<box>', ''],
      ),
    ).toEqual([])
  })

  it('is paired one to one, also if the first pairing must change', () => {
    const allowed = new Set(['0-0', '0-1', '1-0'])
    expect(hasPairing(2, (left, right) => allowed.has(`${left}-${right}`), new Effort())).toBe(true)
    expect(hasPairing(2, (left, right) => left === right && right === 0, new Effort())).toBe(false)
    expect(hasPairing(64, (left, right) => left + right === 63, new Effort())).toBe(true)
  })

  it('overlaps another box by the same part in both orders, and matches from a half on', () => {
    const side = fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 50 }))
    const box = fc.tuple(side, side).map(([[x1, w], [y1, h]]) => ({ x1, y1, x2: x1 + w, y2: y1 + h }))
    fc.assert(
      fc.property(box, box, (a, b) => {
        // The test counts the grid cells that are in both boxes and in either box.
        let [both, either] = [0, 0]
        for (let x = 0; x < 100; x++) {
          for (let y = 0; y < 100; y++) {
            const [inA, inB] = [a, b].map((one) => x >= one.x1 && x < one.x2 && y >= one.y1 && y < one.y2)
            if (inA === true && inB === true) both++
            if (inA === true || inB === true) either++
          }
        }
        expect(overlap(a, b)).toBe(both / either)
        expect(overlap(b, a)).toBe(overlap(a, b))
        const write = ({ x1, y1, x2, y2 }: typeof a): string => JSON.stringify([x1, y1, x2, y2])
        expect(check(checkBox, write(a), write(b)).verdict).toBe(2 * both >= either ? 'correct' : 'incorrect')
        expect(said(write(a), write(a))).toBe('same-box')
      }),
      { numRuns: 60 },
    )
  })

  const marks = [
    '[', ']', '(', ')', ',', ' ', '1', '20', '300', '<box>', '</box>', '{"bbox_2d":', '}', '-', '.5', 'or', 'x1=',
  ] // prettier-ignore
  const numbers = fc.array(fc.nat(30), { minLength: 4, maxLength: 4 }).map((parts) => JSON.stringify(parts))
  it('never throws, gives the same verdict again, and is symmetric for overlaps', () => {
    expect(() =>
      assertSteady(
        checkBox,
        fc.oneof({ weight: 2, arbitrary: textsOf(marks, 16) }, { weight: 1, arbitrary: numbers }),
        symmetric(checkBox),
      ),
    ).not.toThrow()
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkBox, '[700,700,800,900]', text, { policy: { match: 'iou' } })).not.toContain('correct')
    expect(verdictsBothWays(checkBox, '[700,700,800,900]', text, { policy: { match: 'point' } })).not.toContain(
      'correct',
    )
  })
})

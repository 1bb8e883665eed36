import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WaitingLine } from '../../models/waiting-line.ts'
import type { Waiter } from '../../models/waiting-line.ts'

interface Named extends Waiter {
  name: string
}

const waiter = (name: string, changes: Partial<Waiter> = {}): Named => ({
  name,
  owner: one,
  priority: 0,
  isRetry: false,
  isFirst: true,
  prefix: name,
  passedBy: 0,
  hasLeft: false,
  ...changes,
})
const one = { name: 'one' }
const two = { name: 'two' }

function lineOf(...waiters: readonly Named[]): WaitingLine<Named> {
  const line = new WaitingLine<Named>()
  for (const each of waiters) line.join(each)
  return line
}

/** The names of all waiters in the order in which they go. */
function order(line: WaitingLine<Named>, suits?: (item: Named) => boolean): string[] {
  const names: string[] = []
  for (let next = line.next(suits); next; next = line.next(suits)) {
    line.leave(next)
    line.took(next)
    names.push(next.name)
  }
  return names
}

describe('who goes next', () => {
  it('is the waiter of the highest priority, then a retry before new work, then the first that came', () => {
    const line = lineOf(
      waiter('a'),
      waiter('low', { priority: -1 }),
      waiter('b'),
      waiter('retry', { isRetry: true }),
      waiter('high', { priority: 5 }),
      waiter('high retry', { priority: 5, isRetry: true }),
      waiter('low retry', { priority: -1, isRetry: true }),
    )
    expect(line.topPriority).toBe(5)
    expect(order(line)).toEqual(['high retry', 'high', 'retry', 'a', 'b', 'low retry', 'low'])
    expect(line.topPriority).toBe(Number.NEGATIVE_INFINITY)
  })

  it('alternates between owners, so that a thousand waiters of one owner do not delay three of another', () => {
    const many = Array.from({ length: 1000 }, (_, index) => waiter(`many ${index}`))
    const few = [0, 1, 2].map((index) => waiter(`few ${index}`, { owner: two }))
    const went = order(lineOf(...many, ...few))
    expect(went).toHaveLength(1003)
    expect(went.slice(0, 6)).toEqual(['many 0', 'few 0', 'many 1', 'few 1', 'many 2', 'few 2'])
  })

  it('is the next sample of the same row before the other owner has its turn', () => {
    const samples = (row: string, owner: object) =>
      [0, 1, 2].map((index) => waiter(`${row}${index}`, { prefix: row, owner }))
    const line = lineOf(...samples('a', one), ...samples('b', one), ...samples('c', two))
    expect(order(line)).toEqual(['a0', 'a1', 'a2', 'c0', 'c1', 'c2', 'b0', 'b1', 'b2'])
  })

  it('changes the owner after 64 waiters of one prefix', () => {
    const same = Array.from({ length: 100 }, (_, index) => waiter(`same ${index}`, { prefix: 'same' }))
    const went = order(lineOf(...same, waiter('other', { owner: two })))
    expect(went.indexOf('other')).toBe(64)
  })

  it('is preferably a waiter that suits the free slot, but no waiter is passed by for ever', () => {
    const line = lineOf(waiter('first'), ...Array.from({ length: 100 }, (_, index) => waiter(`suits ${index}`)))
    const went = order(line, ({ name }) => name !== 'first')
    expect(went[0]).toBe('suits 0')
    expect(went.indexOf('first')).toBe(32)
  })

  it('is not a retry that suits no free slot while others wait', () => {
    const line = lineOf(waiter('retry', { isRetry: true }), waiter('new'))
    const suits = ({ name }: Named) => name !== 'retry'
    expect(order(line, suits)).toEqual(['new'])
    expect(line.size).toBe(1)
    expect(line.next()?.name).toBe('retry')
  })
})

it('loses no waiter and lets no waiter in twice, whichever waiters leave', () => {
  const joining = fc.record({
    priority: fc.integer({ min: -1, max: 1 }),
    isRetry: fc.boolean(),
    owner: fc.constantFrom(one, two),
    prefix: fc.constantFrom('a', 'b'),
  })
  const event = fc.oneof(
    fc.record({ join: joining }),
    fc.record({ take: fc.boolean() }),
    fc.record({ leave: fc.nat(30) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      const line = new WaitingLine<Named>()
      const waiting = new Set<Named>()
      let count = 0
      let isRight = true
      for (const each of events) {
        if ('join' in each) {
          const joined = waiter(String(count++), each.join)
          line.join(joined)
          waiting.add(joined)
        } else {
          const next = 'take' in each ? line.next() : [...waiting][each.leave]
          isRight &&= 'leave' in each || (next === undefined) === (waiting.size === 0)
          if (!next) continue
          isRight &&= waiting.delete(next)
          line.leave(next)
          if ('take' in each) line.took(next)
        }
        expect(line.size).toBe(waiting.size)
      }
      expect(isRight).toBe(true)
      expect(new Set(line.clear())).toEqual(waiting)
      expect(line.size).toBe(0)
    }),
  )
})

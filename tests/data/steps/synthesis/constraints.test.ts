import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EvidenceRow } from '../../../../domain/rows.ts'
import { companionAbilities } from '../../../../data/steps/synthesis/abilities.ts'
import { drawConstraint, earlierQuestions } from '../../../../data/steps/synthesis/constraints.ts'
import type { Constraint, Tally } from '../../../../data/steps/synthesis/constraints.ts'
import { questionTypes } from '../../../../domain/rows.ts'
import { row } from '../../rows.ts'

const everything = { types: questionTypes, companions: companionAbilities }

const evidence = (made: readonly Pick<Constraint, 'type' | 'abilities'>[], status: EvidenceRow['status'] = 'kept') =>
  made.map((metadata, index): EvidenceRow => ({
    ...row({ id: `e${index}`, metadata }),
    from: 'first',
    status,
    reason: null,
  }))

async function* stream<Item>(items: readonly Item[]) {
  yield* items
}

const tallyOf = async (rows: readonly EvidenceRow[]): Promise<Tally> => (await earlierQuestions(stream(rows))).tally

/** Entropy in bits: log2 of the number of names if all are equally frequent. */
function entropy(counts: Readonly<Record<string, number>>): number {
  const all = Object.values(counts)
  const sum = all.reduce((total, count) => total + count, 0)
  return all.reduce((bits, count) => (count === 0 ? bits : bits - (count / sum) * Math.log2(count / sum)), 0)
}

const pass = (count: number, tally: Tally | undefined, from = 0) =>
  Array.from({ length: count }, (_, seed) => drawConstraint({ ...everything, tally, seed: seed + from }))

describe('a constraint', () => {
  it('is reasoning with one or two other given names, and the same every time', () => {
    fc.assert(
      fc.property(
        fc.subarray([...questionTypes], { minLength: 1 }),
        fc.subarray([...companionAbilities], { minLength: 1 }),
        fc.nat(),
        (types, companions, seed) => {
          const drawn = drawConstraint({ types, companions, tally: undefined, seed })
          expect(drawConstraint({ types, companions, tally: undefined, seed })).toEqual(drawn)
          const [first, ...others] = drawn.abilities
          expect(first).toBe('reasoning')
          expect(types).toContain(drawn.type)
          expect(new Set(others).size).toBe(others.length)
          expect([1, Math.min(2, companions.length)]).toContain(others.length)
          for (const other of others) expect(companions).toContain(other)
        },
      ),
    )
  })

  it('chooses types and abilities evenly without a tally', async () => {
    const tally = await tallyOf(evidence(pass(3000, undefined)))
    expect(entropy(tally.types)).toBeGreaterThan(0.998 * Math.log2(3))
    expect(entropy(tally.abilities)).toBeGreaterThan(0.998 * Math.log2(6))
  })
})

describe('the tally', () => {
  it('counts only kept rows and known names', async () => {
    const rows = [
      ...evidence([{ type: 'choice', abilities: ['reasoning', 'math', 'math'] }]),
      ...evidence([{ type: 'choice', abilities: ['math'] }], 'dropped'),
      ...evidence([{ type: 'choice', abilities: ['math'] }], 'failed'),
      {
        ...evidence([{ type: 'choice', abilities: [] }])[0]!,
        metadata: { type: 'poem', abilities: ['__proto__', 'juggling'] },
      },
      { ...evidence([{ type: 'choice', abilities: [] }])[0]!, metadata: { type: 7, abilities: 'math' } },
    ]
    const tally = await tallyOf(rows)
    expect(tally.types).toEqual({ choice: 1, 'fill-in': 0, descriptive: 0 })
    expect(tally.abilities).toMatchObject({ math: 1, recognition: 0 })
    expect(Object.keys(tally.abilities)).toEqual([...companionAbilities])
  })

  it('draws rare names more often, so that a second pass raises the entropy of a skewed first pass', async () => {
    const skewed = Array.from({ length: 300 }, (_, index): Constraint => ({
      type: index < 270 ? 'fill-in' : index < 290 ? 'choice' : 'descriptive',
      abilities: ['reasoning', index < 240 ? 'recognition' : index < 280 ? 'math' : 'spatial'],
    }))
    const first = await tallyOf(evidence(skewed))
    const second = pass(300, first)
    const both = await tallyOf(evidence([...skewed, ...second]))
    const blind = await tallyOf(evidence([...skewed, ...pass(300, undefined)]))
    for (const field of ['types', 'abilities'] as const) {
      expect(entropy(both[field])).toBeGreaterThan(entropy(first[field]) + 0.5)
      // A second pass raises the entropy by its size alone. An even second pass raises it less than
      // this pass.
      expect(entropy(both[field])).toBeGreaterThan(entropy(blind[field]))
    }
    const third = await tallyOf(evidence([...skewed, ...second, ...pass(300, both, 1000)]))
    expect(entropy(third.types)).toBeGreaterThan(0.99 * Math.log2(3))
    expect(entropy(third.abilities)).toBeGreaterThan(0.98 * Math.log2(6))
  })
})

describe('earlier questions', () => {
  const asking = (originId: string, question: string, changes: Partial<EvidenceRow> = {}): EvidenceRow => ({
    ...row({ id: `${originId} ${question}`, originId, question }),
    from: 'first',
    status: 'kept',
    reason: null,
    ...changes,
  })
  const askedOf = async (rows: readonly EvidenceRow[]) =>
    Object.fromEntries((await earlierQuestions(stream(rows))).asked)

  it('are known by origin, each once in any spelling, and only from kept rows', async () => {
    const rows = [
      asking('a', 'How many?'),
      asking('b', '<image>Where is it?'),
      asking('a', 'how  many', { from: 'screen' }),
      asking('a', 'Which?'),
      asking('a', 'Dropped?', { status: 'dropped', reason: 'too-long' }),
      asking('c', ''),
      asking('c', `${'long '.repeat(200)}?`),
    ]
    expect(await askedOf(rows)).toEqual({ a: ['How many?', 'Which?'], b: ['Where is it?'] })
  })

  it('are limited for each origin', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => asking('a', `Question ${index}?`))
    expect((await askedOf(rows))['a']).toHaveLength(64)
  })
})

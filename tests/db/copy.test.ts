import { sql } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { copyInto } from '../../db/copy.ts'
import { storableJson, storableOrNull, storableText } from '../../db/storable.ts'
import { openTestDatabase } from './world.ts'

const odd = pgTable('odd "table', {
  n: integer('n').notNull(),
  words: text('the "words"'),
  list: text('list').array(),
  nested: integer('nested').array().array(),
  json: jsonb('json'),
  yes: boolean('yes'),
  real: doublePrecision('real'),
  big: bigint('big', { mode: 'bigint' }),
  at: timestamp('at', { withTimezone: true }),
  filled: text('filled').default('by default'),
})

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
  await world.db.execute(sql`
    create table ${odd} (n int primary key, "the ""words""" text, list text[], nested int[], json jsonb, yes boolean,
      real float8, big bigint, at timestamptz, filled text default 'by default')`)
})
afterAll(() => world.close())
beforeEach(() => world.db.delete(odd))

const columns = ['n', 'words', 'list', 'nested', 'json', 'yes', 'real', 'big', 'at'] as const

/** Text with characters that are special in COPY, array literals, JSON or UTF-8. */
const pieces = [
  '\\',
  '\\N',
  '\\.',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\b',
  '\v',
  '\f',
  '\0',
  '"',
  "'",
  '{',
  '}',
  ',',
  'NULL',
  ' ',
]
const others = ['\ud800', '\udc00', '😀', 'é', '\u2028', '\\u0000', '\\x41', '\\101', '$1', '']
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...pieces, ...others), { maxLength: 12 }).map((drawn) => drawn.join('')),
)

it('brings every value back unchanged, except characters that Postgres cannot store', { timeout: 60_000 }, async () => {
  const item = fc.record({
    words: fc.option(hostile),
    list: fc.option(fc.array(hostile, { maxLength: 4 })),
    nested: fc.option(fc.constantFrom<number[][]>([[1, 2, 3]], [[-1], [2], [3]], [])),
    // A value inside a field: the driver reads it as a string, which the query builder parses
    // again.
    json: fc.option(
      fc.record({
        field: fc.oneof(hostile, fc.integer(), fc.boolean(), fc.array(hostile), fc.dictionary(hostile, hostile)),
      }),
    ),
    yes: fc.option(fc.boolean()),
    real: fc.option(fc.oneof(fc.double(), fc.constantFrom(Infinity, -Infinity, NaN, -0))),
    big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    at: fc.option(fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 30 }), async (drawn) => {
      await world.db.delete(odd)
      const items = drawn.map((value, n) => ({ ...value, n }))
      expect(await world.db.transaction((tx) => copyInto(tx, odd, columns, items))).toBe(items.length)
      const expected = items.map((value) => ({
        ...value,
        words: storableOrNull(value.words),
        list: value.list?.map(storableText) ?? null,
        json: storableJson(value.json),
        real: value.real === null ? null : value.real + 0,
        filled: 'by default',
      }))
      const stored = await world.db.select().from(odd).orderBy(odd.n)
      expect(stored.map((row) => ({ ...row, real: row.real === null ? null : row.real + 0 }))).toEqual(expected)
    }),
    { numRuns: 150 },
  )
})

it('writes nothing when the items end in an error, and leaves the connection usable', async () => {
  const broken = world.db.transaction((tx) =>
    copyInto(
      tx,
      odd,
      ['n', 'words'],
      (async function* items() {
        for (let n = 0; n < 5000; n += 1) yield { n, words: 'x'.repeat(200) }
        throw new Error('the source ended early')
      })(),
    ),
  )
  await expect(broken).rejects.toThrow(/the source ended early/)
  expect(await world.db.$count(odd)).toBe(0)
})

it('reports what the server refused, and stops reading', async () => {
  let read = 0
  const refused = world.db.transaction((tx) =>
    copyInto(
      tx,
      odd,
      ['n', 'words'],
      (function* items() {
        for (; read < 2_000_000; read += 1) yield { n: 7, words: 'y'.repeat(1000) }
      })(),
    ),
  )
  await expect(refused).rejects.toMatchObject({ code: '23505' })
  expect(read).toBeLessThan(2_000_000)
  expect(await world.db.$count(odd)).toBe(0)
})

it('works only inside a transaction, which can undo it', async () => {
  await expect(copyInto(world.db, odd, ['n'], [{ n: 1 }])).rejects.toThrow(/inside a transaction/)
  const nested = world.db.transaction((tx) =>
    tx.transaction(async (inner) => {
      await copyInto(inner, odd, ['n'], [{ n: 1 }, { n: 2 }])
      throw new Error('undo')
    }),
  )
  await expect(nested).rejects.toThrow('undo')
  expect(await world.db.$count(odd)).toBe(0)
  expect(await world.db.transaction((tx) => copyInto(tx, odd, ['n'], []))).toBe(0)
})

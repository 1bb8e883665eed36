import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Behaviour } from './behaviours.ts'
import { MockServer } from './mock-server.ts'
import { everyone } from './tables/everyone.ts'
import { finishReasons } from './tables/finish-reasons.ts'
import { losses } from './tables/losses.ts'
import { replicas } from './tables/replicas.ts'
import { replies } from './tables/replies.ts'
import { rows } from './tables/rows.ts'
import { streams } from './tables/streams.ts'
import { thinking } from './tables/thinking.ts'
import { waits } from './tables/waits.ts'
import { tryBehaviour } from './try-behaviour.ts'

const tables: Readonly<Record<string, readonly Behaviour[]>> = {
  'finish reasons': finishReasons,
  'forms of replies': replies,
  thinking,
  streams,
  'refusals of one row': rows,
  'refusals of every row': everyone,
  'limits and outages': waits,
  'lost connections': losses,
  'a bad server beside a good one': replicas,
}

const mock = new MockServer()
beforeAll(() => mock.start())
afterAll(() => mock.stop())

for (const [title, behaviours] of Object.entries(tables))
  describe(title, () => {
    for (const [index, behaviour] of behaviours.entries())
      it(behaviour.name, async () => {
        await tryBehaviour(mock, `${title.replaceAll(' ', '-')}-${index}`, behaviour)
      })
  })

it('the tables hold at least 190 behaviours, each with a name of its own', () => {
  const names = Object.entries(tables).flatMap(([title, lines]) => lines.map(({ name }) => `${title}: ${name}`))
  expect(names.length).toBeGreaterThanOrEqual(190)
  expect(new Set(names).size).toBe(names.length)
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Behaviour } from './behaviours.ts'
import { MockServer } from './mock-server.ts'
import { accounts } from './tables/accounts.ts'
import { cutStreams } from './tables/cut-streams.ts'
import { everyone } from './tables/everyone.ts'
import { finishReasons } from './tables/finish-reasons.ts'
import { losses } from './tables/losses.ts'
import { pictures } from './tables/pictures.ts'
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
  'streams that end too early': cutStreams,
  'refusals of one row': rows,
  'pictures and contents that one row has': pictures,
  'refusals of every row': everyone,
  'keys, money and addresses': accounts,
  'limits and outages': waits,
  'lost connections': losses,
  'a bad server beside a good one': replicas,
}

const mock = new MockServer()
beforeAll(() => mock.start())
afterAll(() => mock.stop())

describe.each(Object.entries(tables))('%s', (title, behaviours) => {
  it.each(behaviours.map((behaviour, index) => [behaviour.name, behaviour, index] as const))(
    '%s',
    async (_, behaviour, index) => {
      const wrong = await tryBehaviour(mock, `${title.replaceAll(/\W+/g, '-')}-${index}`, behaviour)
      expect(wrong.slice(0, 5).join('\n')).toBe('')
    },
  )
})

it('the tables hold at least 190 behaviours, each with a name of its own', () => {
  const names = Object.entries(tables).flatMap(([title, lines]) => lines.map(({ name }) => `${title}: ${name}`))
  expect(names.length).toBeGreaterThanOrEqual(190)
  expect(new Set(names).size).toBe(names.length)
})

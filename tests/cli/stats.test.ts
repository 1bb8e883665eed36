import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTrainingLine } from '../../cli/stats/training-line.ts'
import type { StatsReport } from '../../cli/verbs/stats.ts'
import { openTestDatabase } from '../db/world.ts'
import { fillCampaign } from './campaign.ts'
import { hone as call } from './terminal.ts'
import type { Ran } from './terminal.ts'

const line = (value: unknown): string => JSON.stringify(value)

describe('of files', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hone-stats-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const file = async (name: string, ...lines: string[]): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, lines.join('\n'))
    return path
  }
  const json = async (argv: string[]): Promise<StatsReport> =>
    JSON.parse((await call(['stats', ...argv, '--json'])).out)

  it('shows a column for each file, and needs no database', async () => {
    const reply = '<think>\nWait, two. Check it.\n</think>\n\n<answer>2</answer>'
    const sft = await file(
      'sft.jsonl',
      line({
        images: ['a.png'],
        messages: [
          { role: 'system', content: 'Think first.' },
          { role: 'user', content: '<image>How many circles?' },
          { role: 'assistant', content: reply },
        ],
      }),
      '',
      'not JSON',
      line({ unknown: 1 }),
    )
    const plain = await file('plain.jsonl', `\ufeff${line({ question: 'What?', response: 'Hmm. Hmm!' })}`)
    const { out, code, err } = await call(['stats', sft, plain])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^ +\S+ +\S+plain\.jsonl\n/)
    expect(out).toMatch(/^rows +1 +1$/m)
    expect(out).toMatch(/^unreadable lines +2 +—$/m)
    expect(out).toMatch(/^words a trace, mean +4 +2$/m)
    expect(out).toMatch(/^"Hmm" +0 +2$/m)
    expect(out).toMatch(/^questions a picture +1 +—$/m)
    expect(out).not.toContain('entropy of types')
    expect(out).not.toContain('NaN')
    expect(await json([sft])).toMatchObject({
      campaign: null,
      datasets: [
        { name: sft, rows: 1, unreadable: 2, traces: { reflections: [{ word: 'Wait', count: 1 }, {}, {}, {}, {}] } },
      ],
    })
  })

  it('counts the words of an option', async () => {
    const path = await file('words.jsonl', line({ question: 'Q', trace: 'but wait, but the question' }))
    const { datasets } = await json([path, '--word', 'but wait', '--word', 'but'])
    expect(datasets[0]?.traces.reflections).toEqual([
      { word: 'but wait', count: 1 },
      { word: 'but', count: 2 },
    ])
  })

  it('accepts an empty file', async () => {
    const { out, code } = await call(['stats', await file('empty.jsonl')])
    expect(code).toBe(0)
    expect(out).toMatch(/^rows +0\nquestions +0\npictures +0\n$/m)
    expect(out).not.toContain('NaN')
  })

  it('shows abilities and types as shares', async () => {
    const path = await file(
      'wethink.jsonl',
      line({
        problem: 'A?',
        answer: 1,
        abilities: ['ocr', 'math'],
        category: 'chart',
        type: 'choice',
        image_path: 'a',
      }),
      line({ problem: 'B?', answer: 2, abilities: ['math'], category: 'scene', type: 'fill-in', image_path: 'a' }),
    )
    const { out } = await call(['stats', path])
    expect(out).toMatch(/^questions a picture +2$/m)
    expect(out).toMatch(/^needs math +100\.0 %\nneeds ocr +50\.0 %\nsets of abilities +2\ntype choice +50\.0 %$/m)
    expect(out).toMatch(/^entropy of types, bits +1\.00\nentropy of categories +1\.00\nentropy of answers +1\.00$/m)
    expect(out).not.toContain('traces')
  })

  it('that are missing, or not files, end with 2', async () => {
    expect(await call(['stats', join(folder, 'gone.jsonl')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/Cannot read .*gone\.jsonl: ENOENT[^]*→ Give a JSONL file/),
    })
    expect((await call(['stats', `${folder}/`])).code).toBe(2)
    expect((await call(['stats', await file('x.jsonl'), '--step', 'reason'])).code).toBe(2)
    expect((await call(['stats'])).code).toBe(2)
  })
})

describe('reading a line', () => {
  it.each([
    [
      { question: 'Q', trace: 'T' },
      { question: 'Q', trace: 'T', images: [] },
    ],
    [
      { problem: 'Q', refined_cot: 'T', image_path: 'p' },
      { question: 'Q', trace: 'T', images: ['p'] },
    ],
    [
      { instruction: 'Q', response: 'T', image: 'p' },
      { question: 'Q', trace: 'T', images: ['p'] },
    ],
    [
      { prompt: [{ role: 'user', content: 'Q' }], answer: 3, images: [{ path: 'p' }] },
      { answer: '3', images: ['{"path":"p"}'] },
    ],
    [
      {
        conversations: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'T' },
        ],
      },
      { question: 'Q', trace: 'T' },
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'Q' }] }] },
      { question: 'Q', trace: null },
    ],
    [{ images: ['a'] }, { question: '', trace: null, images: ['a'] }],
    [
      { question: 'Q', choices: 'none', metadata: 3, images: 4, answer: {} },
      { choices: null, images: [], answer: null },
    ],
  ])('knows the form of %o', (value, expected) => {
    expect(readTrainingLine(line(value))).toMatchObject(expected)
  })

  it('keeps no whole picture in a row', () => {
    const picture = (last: string) => ({ bytes: `${'A'.repeat(5000)}${last}` })
    const images = readTrainingLine(line({ images: [picture('a'), picture('b'), picture('a')] }))?.images ?? []
    expect(images.every((name) => name.length <= 200)).toBe(true)
    expect(new Set(images).size).toBe(2)
  })

  it.each(['', 'null', '[]', '3', '{}', '{"question":" "}', '{"messages":"x"}', '{"messages":[]}', '{"question":'])(
    'has no row in %j',
    (text) => {
      expect(readTrainingLine(text)).toBeNull()
    },
  )

  it('never throws', () => {
    const keys = fc.constantFrom(
      'messages',
      'conversations',
      'prompt',
      'question',
      'images',
      'metadata',
      'abilities',
      'trace',
    )
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (value) => {
        const found = readTrainingLine(line(value))
        expect(found === null || typeof found.question === 'string').toBe(true)
      }),
    )
  })
})

describe('of a campaign', () => {
  let world: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    world = await openTestDatabase()
    await fillCampaign(world.db, 'demo')
  })
  afterAll(() => world.close())

  const hone = (argv: string[]): Promise<Ran> => call(['stats', ...argv], { env: { DATABASE_URL: world.url } })

  it('has a column for each step, and the source first', async () => {
    const { out, code } = await hone(['demo', '1'])
    expect(code).toBe(0)
    expect(out).toMatch(/^ +demo +reason\nrows +5 +2\n/)
    expect(out).toMatch(/^questions a picture +1 +1$/m)
    expect(out).toMatch(/^words a trace, median +— +2$/m)
    expect(out).toMatch(/^"Wait" +— +0$/m)
    expect(out).not.toContain('NaN')
  })

  it('names steps and sources in the order asked, each once', async () => {
    const { out } = await hone(['demo', '1', '--step', 'reason', '--step', 'demo', '--step', 'reason', '--json'])
    const report: StatsReport = JSON.parse(out)
    expect(report).toMatchObject({ campaign: 'demo', round: 1, datasets: [{ name: 'reason' }, { name: 'demo' }] })
  })

  it('takes the last round when no round is named', async () => {
    const report: StatsReport = JSON.parse((await hone(['demo', '--json'])).out)
    expect(report).toMatchObject({ round: 3, datasets: [{ name: 'demo', rows: 5 }] })
  })

  it.each([
    [['dmo'], 'there is no campaign "dmo"'],
    [['demo', '9'], 'no round 9'],
    [['demo', 'x'], 'not "x"'],
    [['demo', '1', '2'], 'not "1 2"'],
    [['demo', '1', '--step', 'raeson'], '"raeson" is neither'],
  ])('%o ends with 2', async (argv, said) => {
    expect(await hone(argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(said) })
  })
})

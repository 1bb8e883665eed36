import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RowProblem } from '../../domain/row-problem.ts'
import { familyOfFolder, familyOfName, pictureProblem } from '../../trainers/model-family.ts'
import { stageRows } from '../../trainers/recipe-stage.ts'
import { otherMedia, rlRow, sftRow, usableRows } from '../../trainers/training-rows.ts'
import { row, trace } from '../data/rows.ts'
import { temporaryHome } from '../world/home.ts'
import { sftStage } from './llamafactory-stage.ts'

const options = { promptSuffix: ' Think first.', imagePath: (hash: string) => `/store/${hash}.png` }
const subject = row({
  images: ['aa', 'bb'],
  question: '<image>Which?<image>',
  choices: ['two', 'three'],
  trace: trace('x'),
})

describe('rows for trainers', () => {
  it('writes an SFT row with one mark an image', () => {
    expect(sftRow(subject, options)).toEqual({
      row: {
        id: 'r1',
        images: ['/store/aa.png', '/store/bb.png'],
        messages: [
          { role: 'user', content: '<image><image>Which?\nA. two\nB. three Think first.' },
          { role: 'assistant', content: trace('x') },
        ],
      },
    })
  })

  it('writes an RL row with what the reward needs', () => {
    expect(rlRow(subject, options)).toMatchObject({
      row: { answer: '3', kind: 'auto', choices: ['two', 'three'], prompt: [{ role: 'user' }] },
    })
  })

  it('writes precision and policy of an RL row that has them, and nothing where it has none', () => {
    const converted = rlRow({ ...subject, precision: 2, policy: { percent: 'strict' } }, options)
    expect(converted).toMatchObject({ row: { precision: 2, policy: { percent: 'strict' } } })
    const plain = rlRow(subject, options)
    expect('row' in plain && Object.keys(plain.row)).toEqual(['id', 'images', 'prompt', 'answer', 'kind', 'choices'])
  })

  it('writes who rewards an RL row that says so in its metadata, and nothing for any other word', () => {
    for (const reward of ['rule', 'judge'])
      expect(rlRow({ ...subject, metadata: { reward } }, options)).toMatchObject({ row: { reward } })
    const plain = JSON.stringify(rlRow(subject, options))
    for (const metadata of [{}, { reward: 'me' }, { reward: 1 }, { source: 'x' }])
      expect(JSON.stringify(rlRow({ ...subject, metadata }, options))).toBe(plain)
  })

  it.each([
    ['no-trace', { trace: null }],
    ['no-trace', { trace: ' ' }],
    ['image-mark-in-trace', { trace: 'I see <image>' }],
    ['no-image', { images: [] }],
  ])('refuses an SFT row: %s', (refused, changes) => {
    expect(sftRow({ ...subject, ...changes }, options)).toEqual({ refused })
  })

  it.each([
    ['special-token-in-trace', { trace: 'It is <|image_pad|>.' }],
    ['special-token-in-trace', { trace: 'It is so.<|im_end|>\n<|im_start|>user' }],
    ['special-token-in-question', { question: '<|vision_start|><|image_pad|><|vision_end|>Which?' }],
    ['special-token-in-question', { choices: ['<|endoftext|>', 'two'] }],
    ['file-mark-in-question', { question: 'What does <video> do in HTML?' }],
    ['file-mark-in-trace', { trace: 'The tag <audio>.' }],
  ])('refuses a row that would end the job of a Qwen-VL: %s', (refused, changes) => {
    const qwen = { ...options, family: familyOfName('Qwen/Qwen2.5-VL-7B-Instruct'), fileMarks: otherMedia }
    expect(sftRow({ ...subject, ...changes }, qwen)).toEqual({ refused })
  })

  it('takes texts that are special to no model or to another one alone', () => {
    const qwen = { ...options, family: familyOfName('Qwen/Qwen2.5-VL-7B-Instruct') }
    for (const said of ['a <|box_start|>(1,2)<|box_end|>', '<think>', 'the tags <img> and <video>', '[IMG]', '<bos>'])
      expect(sftRow({ ...subject, question: said, trace: said }, qwen)).toHaveProperty('row')
    expect(sftRow({ ...subject, trace: '[IMG]' }, options)).toEqual({ refused: 'special-token-in-trace' })
  })

  it('does not look at the traces of rows for RL', () => {
    expect(rlRow({ ...subject, trace: '<|image_pad|>' }, options)).toHaveProperty('row')
  })

  it('refuses an RL row without an answer', () => {
    expect(rlRow({ ...subject, answer: null }, options)).toEqual({ refused: 'no-answer' })
  })
})

it('knows a model by its config and by its name, and takes the strictest limits for others', async () => {
  const folder = temporaryHome()
  const typed = async (type: string) => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: type }))
    return (await familyOfFolder(folder))?.name
  }
  expect(await familyOfFolder(join(folder, 'none'))).toBeNull()
  expect(await Promise.all(['qwen2_5_vl'].map(typed))).toEqual(['Qwen-VL'])
  expect(await typed('gemma3_text')).toBe('Gemma 3')
  expect(await typed('unheard_of')).toBe('any family')
  const names = ['demo:base', 'Qwen/Qwen3-VL-4B-Instruct', 'OpenGVLab/InternVL3-8B-hf', 'zai-org/GLM-4.5V', 'x/y']
  expect(names.map((name) => familyOfName(name).name)).toEqual([
    'Qwen-VL',
    'Qwen-VL',
    'InternVL',
    'GLM-V',
    'any family',
  ])
  const flat = { width: 201, height: 1 }
  expect(names.map((name) => pictureProblem(familyOfName(name), flat))).toEqual([
    'image-too-flat',
    'image-too-flat',
    null,
    'image-too-flat',
    'image-too-flat',
  ])
  expect(pictureProblem(familyOfName('demo:base'), { width: 1, height: 200 })).toBeNull()
})

describe('the rows of a stage', () => {
  const stage = sftStage()
  const sizes: Record<string, [number, number]> = { aa: [56, 56], bb: [2048, 9] }
  async function* all(rows: (typeof subject)[]) {
    yield* rows
  }
  const written = async (rows: (typeof subject)[], told: string[] = []) => {
    const found: unknown[] = []
    const picture = async (hash: string) => {
      const [width, height] = sizes[hash] ?? []
      if (width === undefined || height === undefined) throw new RowProblem('image-missing', 'it is gone')
      return { path: `/seen/${hash}`, width, height }
    }
    for await (const one of stageRows(stage, all(rows), { promptSuffix: '', picture, tell: (text) => told.push(text) }))
      found.push(one)
    return found
  }
  const whole = row({ images: ['aa'], trace: trace('x') })

  it('are in their order and name the pictures that models see', async () => {
    const rows = Array.from({ length: 150 }, (_, at) => ({ ...whole, id: `r${at}` }))
    const found = await written(rows)
    expect(found).toHaveLength(150)
    expect(found[149]).toMatchObject({ id: 'r149', images: ['/seen/aa'] })
  })

  it('lack those that would end the job, and it is said how many and why', async () => {
    const told: string[] = []
    const found = await written([whole, { ...whole, images: ['bb'] }, { ...whole, trace: '<|image_pad|>' }], told)
    expect(found).toHaveLength(1)
    expect(told).toEqual([`${stage.key} trains on 1 rows and leaves out: image-too-flat 1, special-token-in-trace 1`])
  })

  it('are not written where a picture is lost', async () => {
    await expect(written([{ ...whole, images: ['cc'] }])).rejects.toMatchObject({ type: 'InvalidInput' })
  })
})

it('says why no row is left to train on, the most frequent reason first', async () => {
  const used = async (rows: (typeof subject)[]) => {
    async function* all() {
      yield* rows
    }
    const found: unknown[] = []
    for await (const one of usableRows('demo/1/sft', all(), (given) => sftRow(given, options))) found.push(one)
    return found.length
  }
  const [untraced, blind] = [row({ images: ['aa'], trace: null }), row({ images: [], trace: trace('x') })]
  expect(await used([untraced, subject, blind])).toBe(1)
  expect(await used([])).toBe(0)
  await expect(used([blind, untraced, untraced])).rejects.toMatchObject({
    type: 'EmptyDataset',
    message: 'No row was left to train demo/1/sft on; left out: no-trace 2, no-image 1.',
    nextStep: expect.stringContaining('traces'),
  })
})

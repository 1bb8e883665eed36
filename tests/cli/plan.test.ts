import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { png } from '../data/pictures.ts'
import { temporaryHome } from '../world/home.ts'
import { hone } from './terminal.ts'
import type { Ran } from './terminal.ts'

const recipes = fileURLToPath(new URL('../../recipes/', import.meta.url))
const demo = join(recipes, 'demo.yaml')

/** Runs `hone plan` in an empty home. */
function plan(args: readonly string[], home: string = temporaryHome()): Promise<Ran> {
  return hone(['plan', ...args], { env: { HONE_HOME: home, HONE_CACHE: join(home, 'cache') } })
}

const mine = `hone: 1
campaign: mine
baseModel: { path: base }
endpoints:
  teacher: { url: 'http://localhost:1/v1', model: big, apiKeyEnv: TEACHER_KEY, prices: { promptPerMillion: 2, completionPerMillion: 8, currency: EUR } }
sources:
  seed: { path: seed }
benchmarks:
  dev: { path: dev.jsonl, role: dev }
rounds:
  count: 1
  first:
    - { step: describe, from: seed, endpoint: teacher, maxTokens: 100 }
    - { step: reason, endpoint: teacher, samples: 2, maxTokens: 1000 }
    - { step: sft, learningRate: 1e-5, epochs: 1 }
rates: { gpus: 2, sftTokensPerGpuSecond: 1 }
`

/**
 * A folder with a recipe, a source of three good lines and a broken line, and a model of 1,000
 * bytes in 16 bits.
 */
function project(recipe: string = mine): string {
  const folder = temporaryHome()
  const line = (id: string) => JSON.stringify({ id, images: ['none.png'], question: 'How many dogs?', answer: '3' })
  for (const name of ['seed', 'base']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'seed', 'rows.jsonl'), [line('a'), '', 'no JSON', line('b'), line('c')].join('\n'))
  writeFileSync(join(folder, 'dev.jsonl'), `${line('a')}\n`)
  writeFileSync(join(folder, 'base', 'model.safetensors'), Buffer.alloc(1000))
  writeFileSync(join(folder, 'base', 'config.json'), '{ "torch_dtype": "bfloat16" }')
  writeFileSync(join(folder, 'mine.yaml'), recipe)
  return folder
}

describe('hone plan', () => {
  it('counts the lines of files without their pictures, and starts and writes nothing', async () => {
    const folder = project()
    const home = temporaryHome()
    const { code, out } = await plan([join(folder, 'mine.yaml')], home)
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}describe +describe +seed +3 +3 +teacher +3 /m)
    expect(out).toMatch(/^ {2}reason +reason +describe +3 +6 +teacher +6 .* EUR +1$/m)
    expect(out).toMatch(/^ {2}evaluate +evaluate +dev +1 /m)
    expect(out).toContain('seed: 1 lines cannot be read and are left out')
    expect(out).toContain('disk       weights 1.0 kB, checkpoints 6.0 kB')
    // 6 rows at one row a second, each with 4 tokens of the question (14 characters), 1,280 of the
    // picture and 1,000 of the trace.
    expect(out).toMatch(/^ {2}GPU hours +3\.81 \(1\.9 hours on 2 GPUs\)$/m)
    expect(out).toContain('pictures of up to 1,003,520 pixels in SFT')
    expect(out).not.toMatch(/[ \t]$/m)
    expect([readdirSync(home), readdirSync(folder).length]).toEqual([[], 4])
  })

  it('prints ? for unknown figures, and says what they need', async () => {
    const { code, out } = await plan([demo])
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}rl +rl +train +\?$/m)
    expect(out).toMatch(/^rounds 2 to 3, each$/m)
    expect(out).toContain(
      'rows of source train: demo:train is not there yet; `hone dev --demo` makes it, or say --rows train=N',
    )
    expect(out).toContain('its name does not say it, and demo:base is not there yet; `hone dev --demo` makes it')
  })

  it('takes the limit of the recipe for the rows of a missing file', async () => {
    const { out } = await plan([demo, '--round', '1'])
    expect(out).toMatch(/^ {2}reason +reason +describe +150 +600 +reasoner +600 /m)
    expect(out).toContain('at most 150 rows of seed, its maxRows: demo:train is not there yet')
  })

  it('takes stated numbers of rows, up to the limit of the recipe', async () => {
    const { out } = await plan([demo, '--round', '1', '--rows', 'seed=9000', '--rows', 'train=4000'])
    expect(out).toMatch(/^ {2}reason +reason +describe +150 +600 +reasoner +600 /m)
    expect(out).toMatch(/70, 0\.28 passes over 4,000 rows of train/)
    expect(out).not.toContain('round 0')
    expect(out).toContain('total of this round')
  })

  it('adds up the items of all benchmarks, and stays narrow enough for a terminal of 200 columns', async () => {
    const file = join(recipes, 'openvlthinker-v1.2.yaml')
    const names = ['pool', 'mathvista-dev', 'mathverse-choice', 'mathvista-report']
    const { out } = await plan([file, ...names.flatMap((name) => ['--rows', `${name}=260000`])])
    expect(out).toMatch(/^ {2}evaluate +evaluate +mathvista-dev mathverse-choice mathvista-report +780,000 +measured /m)
    expect(out).toMatch(/ 11 × 260,000 +measured /)
    const [tables = ''] = out.split('\nunknown\n')
    expect(Math.max(...tables.split('\n').map((line) => line.length))).toBeLessThanOrEqual(180)
    const part = await plan([file, '--round', '0', '--rows', 'mathvista-dev=500'])
    expect(part.out).toMatch(/mathvista-report +500 \+ \? +measured/)
  })

  it('counts the groups that a mix needs, however many other fields rows have', async () => {
    const folder = project(
      mine
        .replace('first:', 'first:\n    - { step: mix, from: seed, by: origin, maxEach: 2 }')
        .replace('from: seed, end', 'end'),
    )
    const others = Object.fromEntries(Array.from({ length: 150 }, (_, field) => [`f${field}`, 0]))
    const lines = Array.from({ length: 90 }, (_, id) =>
      JSON.stringify({ id, images: ['a.png'], question: 'What?', metadata: { ...others, origin: id % 3 } }),
    )
    writeFileSync(join(folder, 'seed', 'rows.jsonl'), lines.join('\n'))
    const { out } = await plan([join(folder, 'mine.yaml'), '--round', '1'])
    expect(out).toMatch(/^ {2}mix +mix +seed +90 +6 /m)
    expect(out).toMatch(/^ {2}describe +describe +mix +6 +6 /m)
  })

  it('counts by reason the rows that training would leave out', async () => {
    const folder = project(mine.replace('{ path: base }', '{ path: Qwen/Qwen2.5-VL-3B-Instruct }'))
    const rows = [
      { images: ['flat.png'], question: 'How wide?' },
      { images: ['good.png'], question: 'What is <|image_pad|>?' },
      { images: ['good.png'], question: 'What is <|vision_end|>?' },
      { images: ['good.png'], question: 'What is <b>?' },
    ]
    writeFileSync(join(folder, 'seed', 'flat.png'), await png(2048, 9))
    writeFileSync(join(folder, 'seed', 'good.png'), await png(56, 56))
    writeFileSync(join(folder, 'seed', 'rows.jsonl'), rows.map((row, id) => JSON.stringify({ id, ...row })).join('\n'))
    const { code, out } = await plan([join(folder, 'mine.yaml'), '--round', '1'])
    expect(code).toBe(0)
    expect(out).toContain(
      'round 1, sft: training leaves rows of seed out: special-token-in-question 2, image-too-flat 1 (docs/pictures.md)',
    )
    writeFileSync(join(folder, 'mine.yaml'), mine.replace('{ path: base }', '{ path: OpenGVLab/InternVL3-8B-hf }'))
    expect((await plan([join(folder, 'mine.yaml'), '--round', '1'])).out).not.toContain('leaves rows of')
  })

  it('counts the rows of the demo world if its folder exists', async () => {
    const home = temporaryHome()
    const world = join(home, 'demo', 'world')
    mkdirSync(world, { recursive: true })
    const lines = Array.from({ length: 7 }, (_, id) => JSON.stringify({ id, images: ['a.png'], question: 'What?' }))
    writeFileSync(join(world, 'train.jsonl'), lines.join('\n'))
    const { out } = await plan([demo, '--round', '1', '--rows', 'train=16'], home)
    expect(out).toMatch(/^ {2}reason +reason +describe +7 +28 +reasoner +28 /m)
  })

  it('prints the same figures as JSON', async () => {
    const { code, out } = await plan([demo, '--json', '--rows', 'seed=150'])
    const shape = z.object({
      campaign: z.string(),
      rounds: z.array(
        z.object({ round: z.number(), times: z.number(), steps: z.array(z.object({ name: z.string() })) }),
      ),
      missing: z.array(z.string()),
    })
    const { campaign, rounds, missing } = shape.parse(JSON.parse(out))
    expect(code).toBe(0)
    expect(campaign).toBe('demo')
    expect(rounds.map(({ round, times }) => [round, times])).toEqual([
      [0, 1],
      [1, 1],
      [2, 2],
    ])
    expect(missing.join('\n')).not.toContain('source seed')
  })

  it('of OpenVLThinker v1.2 and of Vision-R1 shows the figures of the papers about RL', async () => {
    const thinker = await plan([join(recipes, 'openvlthinker-v1.2.yaml'), '--round', '1'])
    expect(thinker.out).toContain('job openvlthinker-v1-2/1/rl/rl-hard: rl by trl from rl-medium')
    expect(thinker.out).toContain('422,400 completions, 865,075,200 tokens, 10,240 a question')
    const r1 = await plan([join(recipes, 'vision-r1.yaml')])
    expect(r1.out).toContain('ptst-1 4,096 × 16 = 65,536, ptst-2 8,192 × 8 = 65,536')
  })
})

describe('hone plan refuses', () => {
  it('a recipe that cannot run, with the exit code of other bad recipes', async () => {
    const { code, err, out } = await plan([join(project(), 'mine.yaml'), '--rows', 'seed=0'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('no rows come from reason: there is nothing to train on')
    expect(err).toContain('→ change it and plan again; nothing was started')
  })

  it('rows of a source that the recipe does not have', async () => {
    const { code, err } = await plan([demo, '--rows', 'sed=3'])
    expect(code).toBe(2)
    expect(err).toContain('neither a source nor a benchmark of this name')
    expect((await plan([demo, '--rows', 'seed'])).code).toBe(2)
    expect((await plan([demo, '--rows', 'seed=-3'])).code).toBe(2)
  })

  it('a round that the recipe does not have', async () => {
    const { code, out } = await plan([demo, '--round', '4', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { type: 'UnknownRound' } })
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { parseRecipe, recipeHash, recipeJsonSchemaText } from '../../recipes/read-recipe.ts'
import { nameOf } from '../../domain/recipe/references.ts'
import { roundSeed, stepsOfRound } from '../../domain/recipe/round-plan.ts'

const recipes = new URL('../../recipes/', import.meta.url)

const good = `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: { url: 'http://localhost:8000/v1', model: big }
sources:
  seed: { path: data/seed }
rounds:
  count: 2
  first:
    - { step: describe, from: seed, endpoint: teacher }
    - { step: reason, endpoint: teacher }
    - { step: verify }
    - { step: sft, learningRate: 1e-5, steps: 10 }
`

function problems(text: string): string {
  try {
    parseRecipe(text, { file: 'mine.yaml' })
  } catch (error) {
    if (error instanceof HoneError && error.type === 'InvalidRecipe') return error.message
    throw error
  }
  throw new Error('the recipe was accepted')
}

describe('a recipe', () => {
  it('gets its defaults, and its hash does not see comments', () => {
    const recipe = parseRecipe(good, { file: 'mine.yaml' })
    expect(recipe.rounds.first[1]).toMatchObject({ step: 'reason', samples: 4, temperature: 0.7 })
    expect(recipe.endpoints['teacher']).toMatchObject({ concurrency: 16 })
    expect(recipeHash(parseRecipe(`# mine\n${good}`, { file: 'other.yaml' }))).toBe(recipeHash(recipe))
    expect(recipeHash(parseRecipe(good.replace('count: 2', 'count: 3'), { file: 'x' }))).not.toBe(recipeHash(recipe))
  })

  it.each(readdirSync(recipes).filter((name) => name.endsWith('.yaml')))('that Hone ships is good: %s', (name) => {
    expect(() => parseRecipe(readFileSync(new URL(name, recipes), 'utf8'), { file: name })).not.toThrow()
  })

  it('has a fresh JSON Schema for editors', () => {
    const written = readFileSync(new URL('recipe.schema.json', recipes), 'utf8')
    expect(written === recipeJsonSchemaText(), 'run: npx tsx recipes/write-recipe-schema.ts').toBe(true)
  })
})

describe('a bad recipe', () => {
  it('hears of a misspelt key, where it stands and what was meant', () => {
    expect(problems(good.replace('learningRate', 'learnigRate'))).toContain(
      [
        '  rounds.first[3].learnigRate (line 14, column 20): unknown key "learnigRate"',
        '    value: 0.00001',
        '    fix:   did you mean "learningRate"?',
      ].join('\n'),
    )
  })

  it('hears of an unknown step', () => {
    expect(problems(good.replace('step: describe', 'step: descibe'))).toBe(
      [
        'mine.yaml is not a valid recipe (1 problem)',
        '',
        '  rounds.first[0].step (line 11, column 9): unknown step "descibe"',
        '    value: "descibe"',
        '    fix:   did you mean "describe"?',
        '',
      ].join('\n'),
    )
    expect(problems(good.replace('step: describe', 'step: paint'))).toContain('fix:   use one of describe, ')
  })

  it('hears of a value of the wrong type or out of range', () => {
    const text = problems(good.replace('count: 2', 'count: "2"').replace('steps: 10', 'steps: 0'))
    expect(text).toContain(
      'rounds.count (line 9, column 3): is not a number\n    value: "2"\n    fix:   write 2 without quotes',
    )
    expect(text).toMatch(/rounds\.first\[3\]\.steps .*: is too small\n {4}value: 0\n {4}fix: {3}use more than 0/)
  })

  it('hears of names that lead nowhere', () => {
    const text = problems(
      good.replace('from: seed', 'from: sed').replace('reason, endpoint: teacher', 'reason, endpoint: techer'),
    )
    expect(text).toContain(
      '"sed" is neither a source nor an earlier data step\n    value: "sed"\n    fix:   did you mean "seed"?',
    )
    expect(text).toContain('no endpoint "techer"\n    value: "techer"\n    fix:   did you mean "teacher"?')
  })

  it('hears of everything at once', () => {
    const text = problems('hone: 1\ncampaign: My Campaign\nsauces: {}\n')
    for (const part of [
      '5 problems',
      'campaign (line 2',
      'baseModel',
      'is missing',
      'did you mean "sources"?',
      'rounds',
    ])
      expect(text).toContain(part)
  })

  it('is told by the endpoint form that fits best', () => {
    const text = problems(good.replace('model: big', 'modell: big'))
    expect(text).toContain('2 problems')
    expect(text).toContain('endpoints.teacher.modell (line 5, column 47): unknown key "modell"')
    expect(text).toContain('did you mean "model"?')
  })

  it('never sees its key repeated', () => {
    const text =
      problems(good.replace('model: big', 'model: big, apiKeyEnv: sk-12345')) +
      problems(good.replace('model: big', 'model: big, apiKey: sk-12345'))
    expect(text).not.toContain('sk-12345')
    expect(text).toContain('name the environment variable')
    expect(text).toContain('did you mean "apiKeyEnv"?')
  })

  it.each([
    ['broken YAML', 'hone: 1\ncampaign: [a\nx: 1\n', 'at line 3'],
    ['a key given twice', 'hone: 1\nhone: 1\n', 'unique'],
    ['an empty file', '# nothing\n', 'the file is empty'],
    ['a list', '- hone: 1\n', 'is not a map of keys'],
  ])('may be %s', (_, text, part) => {
    expect(problems(text)).toContain(part)
  })
})

/** A recipe with these steps in its first round, followed by `more`. */
const withSteps = (steps: readonly string[], more = ''): string => `hone: 1
campaign: mine
baseModel: { path: models/base }
endpoints:
  teacher: { url: 'http://localhost:8000/v1', model: big }
  trained: { checkpoint: rl-easy }
sources:
  seed: { path: data/seed }
  hard: { path: data/hard }
benchmarks:
  dev: { path: data/dev, role: dev }
  report: { path: data/report, role: report }
rounds:
  count: 3
  first:
${steps.map((step) => `    - { ${step} }\n`).join('')}${more}`

const sft = 'step: sft, from: seed, learningRate: 1e-5, epochs: 1'
const rl = 'step: rl, from: hard'
const kept = `${rl}, snapshots: { every: 5, last: 50 }`
const phased = 'step: rl, phases: [{ name: rl-easy, from: seed }, { from: hard }]'

describe('the steps of a round', () => {
  it.each<[string, string[], string?]>([
    ['RL from the base model without any SFT', [`${rl}, startFrom: base`, 'step: evaluate']],
    ['SFT from the base model', [`${sft}, startFrom: base`]],
    ['SFT from the parent', [`${sft}, startFrom: parent`]],
    ['RL from the weights of the SFT before it', [sft, `${rl}, startFrom: sft`]],
    ['RL from the weights of one phase', [phased, `${rl}, name: again, startFrom: rl-easy`]],
    [
      'other steps in one round',
      [sft],
      `  next:\n    - { ${rl} }\n  at:\n    "3":\n      - { ${rl} }\n      - { ${sft} }\n`,
    ],
    [
      'evaluations of phases, with a name or without',
      [phased, 'step: evaluate, of: rl-easy', 'step: evaluate, name: end, of: rl-2'],
    ],
    ['a selection among kept weights', [kept, 'step: select-checkpoint, benchmark: dev', 'step: evaluate']],
    ['a selection that names its step', [kept, `${rl}, name: more`, 'step: select-checkpoint, of: rl, benchmark: dev']],
    [
      'training from chosen weights',
      [kept, 'step: select-checkpoint, name: best, benchmark: dev', `${sft}, startFrom: best`],
    ],
    [
      'an evaluation of chosen weights',
      [kept, 'step: select-checkpoint, name: best, benchmark: dev', 'step: evaluate, of: best'],
    ],
    ['questions to the weights of a phase', [phased, 'step: sample, from: seed, endpoint: trained']],
    [
      'evidence of a source and of a step',
      ['step: rate, from: seed, endpoint: teacher', 'step: grade-difficulty, from: hard, evidence: [seed, rate]'],
    ],
  ])('may be %s', (_, steps, more) => {
    expect(() => parseRecipe(withSteps(steps, more), { file: 'mine.yaml' })).not.toThrow()
  })

  it('of a round of its own stand beside those of the others', () => {
    const recipe = parseRecipe(withSteps([sft], `  at:\n    "3":\n      - { ${kept} }\n`), { file: 'mine.yaml' })
    expect([1, 2, 3].map((depth) => stepsOfRound(recipe, depth).map(nameOf))).toEqual([['sft'], ['sft'], ['rl']])
  })

  it.each<[string, string[], string]>([
    [
      'a selection without RL before it',
      [sft, 'step: select-checkpoint, benchmark: dev', kept],
      'rounds.first[1].of (line 17, column 7): no rl step before it to choose from\n    fix:   put one before it',
    ],
    [
      'a selection of a step that is no RL',
      [sft, kept, 'step: select-checkpoint, of: sft, benchmark: dev'],
      'rounds.first[2].of (line 18, column 34): no rl step before it to choose from\n    value: "sft"\n    fix:   use one of "rl"',
    ],
    [
      'a selection among weights that are not kept',
      [rl, 'step: select-checkpoint, benchmark: dev'],
      'rounds.first[1].of (line 17, column 7): "rl" keeps no weights to choose among\n    fix:   give it snapshots: { every: 5, last: 50 }',
    ],
    [
      'a selection by a report benchmark',
      [kept, 'step: select-checkpoint, benchmark: report'],
      'rounds.first[1].benchmark (line 17, column 34): select-checkpoint never reads a report benchmark\n    value: "report"\n    fix:   use one with role dev',
    ],
    [
      'a selection by no benchmark',
      [kept, 'step: select-checkpoint'],
      'rounds.first[1].benchmark (line 17, column 7): is missing\n    fix:   add it: text',
    ],
    [
      'evidence that is not there',
      ['step: rate, from: seed, endpoint: teacher', 'step: grade-difficulty, from: hard, evidence: rates'],
      'rounds.first[1].evidence (line 17, column 45): "rates" is neither a source nor an earlier data step\n    value: "rates"\n    fix:   did you mean "rate"?',
    ],
    [
      'evidence of a training step',
      [sft, 'step: grade-difficulty, from: hard, evidence: [seed, sft]'],
      'rounds.first[1].evidence (line 17, column 45): "sft" is neither a source nor an earlier data step',
    ],
    [
      'an evaluation of a phase that is not there',
      [phased, 'step: evaluate, of: rl-esy'],
      'rounds.first[1].of (line 17, column 25): "rl-esy" is not trained before this step\n    value: "rl-esy"\n    fix:   did you mean "rl-easy"?',
    ],
    [
      'an evaluation of a phase that comes later',
      ['step: evaluate, of: rl-easy', phased],
      'rounds.first[0].of (line 16, column 25): "rl-easy" is not trained before this step',
    ],
    [
      'training from weights that come later',
      [`${sft}, startFrom: rl`, rl],
      'rounds.first[0].startFrom (line 16, column 63): "rl" is not trained before this step\n    value: "rl"\n    fix:   use one of "base", "parent"',
    ],
    [
      'a phase named like a data step',
      ['step: rate, from: seed, endpoint: teacher', 'step: rl, from: hard, phases: [{ name: rate }, {}]'],
      'rounds.first[1].phases[0].name (line 17, column 42): "rate" is used twice\n    value: "rate"\n    fix:   give this phase a name of its own',
    ],
    [
      'a phase named like a source',
      ['step: rl, from: hard, phases: [{ name: seed }]'],
      'rounds.first[0].phases[0].name (line 16, column 42): "seed" is used twice',
    ],
    [
      'a phase named like its step',
      ['step: rl, from: hard, phases: [{ name: rl }, {}]'],
      'rounds.first[0].phases[0].name (line 16, column 42): "rl" is used twice',
    ],
    [
      'two phases of one name, one of them by its place',
      ['step: rl, from: hard, phases: [{ name: rl-2 }, {}]'],
      'rounds.first[0].phases[1].name (line 16, column 56): "rl-2" is used twice',
    ],
    [
      'two steps with phases of one name',
      [phased, `${rl}, name: more, phases: [{ name: rl-easy }]`],
      'rounds.first[1].phases[0].name',
    ],
    ['a step named like a phase before it', [phased, `${sft}, name: rl-easy`], 'rounds.first[1].name'],
  ])('may not be %s', (_, steps, part) => {
    expect(problems(withSteps(steps))).toContain(part)
  })

  it.each([
    ['endpoint', 'step: describe, from: seed, endpoint: WHO'],
    ['asker', 'step: dialogue, from: seed, asker: WHO, viewer: teacher'],
    ['viewer', 'step: dialogue, from: seed, asker: teacher, viewer: WHO'],
    ['reasoner', 'step: agree, from: seed, reasoner: WHO, viewer: teacher, arbiter: teacher'],
    ['arbiter', 'step: agree, from: seed, reasoner: teacher, viewer: teacher, arbiter: WHO'],
    ['judge', 'step: verify, from: seed, judge: WHO'],
    ['judge', `${rl}, judge: WHO`],
  ])('may not ask an unknown %s: %s', (option, step) => {
    const column = `    - { ${step}`.indexOf(`${option}:`) + 1
    expect(problems(withSteps([step.replace('WHO', 'techer')]))).toContain(
      `rounds.first[0].${option} (line 16, column ${column}): no endpoint "techer"\n    value: "techer"\n    fix:   did you mean "teacher"?`,
    )
    expect(problems(withSteps([step.replace('WHO', 'trained')]))).toContain(
      `rounds.first[0].${option} (line 16, column ${column}): endpoint "trained" serves "rl-easy", which nothing before this step trains\n    value: "trained"\n    fix:   let it serve one of "base", "parent"`,
    )
  })

  it.each(['0', '01', 'two', '100'])('may not be those of round %s', (round) => {
    expect(problems(withSteps([sft], `  at:\n    "${round}":\n      - { ${rl} }\n`))).toMatch(
      new RegExp(`rounds\\.at\\.${round} \\(line 18, column 5\\): .*\\n.*\\n {4}fix: {3}use the number of a round`),
    )
  })

  it('may not be those of a round that the recipe does not reach', () => {
    const beyond = '  at:\n    "9":\n      - { step: rl, from: hard, startFrom: base }\n'
    expect(problems(withSteps([sft], beyond))).toMatch(
      /rounds\.at\.9 \(line 18, column \d+\): the recipe ends with round 3\n.*\n {4}fix: {3}raise rounds\.count/,
    )
  })

  it('of a round of its own are checked as those of the others are', () => {
    expect(problems(withSteps([rl], '  at:\n    "2":\n      - { step: evaluate, of: rl }\n'))).toContain(
      'rounds.at.2[0].of (line 19, column 27): "rl" is not trained before this step',
    )
  })
})

it('draws other samples in another round and under another seed', () => {
  const drawn = [0, 1, 2].flatMap((seed) => [1, 2, 999].map((round) => roundSeed({ seed }, round)))
  expect(new Set(drawn).size).toBe(drawn.length)
  // Seeds are part of the keys of paid replies, so they must never change.
  expect(roundSeed({ seed: 7 }, 3)).toBe(7003)
})

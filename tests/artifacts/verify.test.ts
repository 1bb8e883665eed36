import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readSafetensorsHeader, verifyCheckpointFiles } from '../../artifacts/verify.ts'
import { safetensors, writeModel } from './weights.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-verify-'))
  await writeModel(folder)
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const problems = async () => (await verifyCheckpointFiles(folder)).problems

test('a whole model has no problem, and its tensors are counted', async () => {
  expect(await verifyCheckpointFiles(folder)).toMatchObject({ problems: [], tensors: 3 })
})

test('a model in one file needs no index', async () => {
  await rm(join(folder, 'model.safetensors.index.json'))
  expect(await problems()).toEqual(['model.safetensors is missing'])
  await writeFile(join(folder, 'model.safetensors'), safetensors(['a']))
  expect(await problems()).toEqual([])
})

test.each([
  ['model-2.safetensors', /model-2\.safetensors is missing/],
  ['config.json', /config\.json is missing/],
  ['preprocessor_config.json', /image processor is missing/],
  ['tokenizer.json', /tokenizer is missing/],
  ['tokenizer_config.json', /chat template is missing/],
])('without %s it says so', async (name, message) => {
  await rm(join(folder, name))
  expect((await problems()).join('\n')).toMatch(message)
})

test('a tensor that the index promises and no file holds is named', async () => {
  await writeFile(join(folder, 'model-2.safetensors'), safetensors(['d']))
  expect(await problems()).toEqual(['model-2.safetensors lacks 1 tensors, e.g. c'])
})

test('half-written JSON is named', async () => {
  await writeFile(join(folder, 'config.json'), '{"model_type"')
  expect(await problems()).toEqual(['config.json is not whole JSON'])
})

test('a missing folder is a problem and not a crash', async () => {
  expect((await verifyCheckpointFiles(join(folder, 'nothing'))).problems[0]).toContain('missing or empty')
})

test('a file cut anywhere, or with bytes after its end, is found', async () => {
  const whole = safetensors(['a', 'b'])
  const path = join(folder, 'cut.safetensors')
  await writeFile(path, whole)
  expect([...(await readSafetensorsHeader(path)).keys()]).toEqual(['a', 'b'])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
      await writeFile(path, whole)
      await truncate(path, length)
      await expect(readSafetensorsHeader(path)).rejects.toThrow(Error)
    }),
    { numRuns: 60 },
  )
  await writeFile(path, Buffer.concat([whole, Buffer.alloc(1)]))
  await expect(readSafetensorsHeader(path)).rejects.toThrow(Error)
})

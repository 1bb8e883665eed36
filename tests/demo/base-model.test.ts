import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { baseModelName, baseModelRecipe, ensureBaseModel } from '../../demo/base-model.ts'
import { trainerFolder } from '../../services/environments.ts'
import { temporaryHome } from '../world/home.ts'

/** A trainer that runs a line of shell instead of Python. `$5` is the settings file. */
function fakeTrainer(line: string) {
  const home = temporaryHome()
  const python = join(home, 'python')
  writeFileSync(python, `#!/bin/sh\nmodel=$(dirname "$5")/model\n${line}\n`, { mode: 0o755 })
  const said: string[] = []
  const abort = new AbortController()
  const models = join(home, 'models')
  const options = {
    models,
    world: home,
    python: { python, env: {} },
    trainer: trainerFolder,
    onProgress: (text: string) => {
      said.push(text)
      if (text === 'waits') abort.abort(new Error('Ctrl-C'))
    },
    signal: abort.signal,
  }
  return { options, models, said }
}

const path = (models: string): string => join(models, baseModelName(trainerFolder))

test('the base model is trained once and appears under its name when it is complete', async () => {
  const { options, models, said } = fakeTrainer(
    'cp "$5" "$(dirname "$0")/asked"; mkdir "$model"; echo weights > "$model/w"; echo "base model: step 1"',
  )
  expect(await ensureBaseModel(options)).toEqual({ path: path(models), isNew: true })
  expect(await ensureBaseModel(options)).toEqual({ path: path(models), isNew: false })
  expect(said).toEqual(['step 1'])
  expect(readdirSync(models)).toEqual([baseModelName(trainerFolder)])
  const asked: unknown = JSON.parse(readFileSync(join(models, '..', 'asked'), 'utf8'))
  expect(asked).toMatchObject({ kind: 'base', ...baseModelRecipe })
})

test('a training that fails shows its last words and leaves no model', async () => {
  const { options, models } = fakeTrainer('mkdir "$model"; echo "no memory" >&2; exit 3')
  await expect(ensureBaseModel(options)).rejects.toMatchObject({
    type: 'TrainingFailed',
    message: expect.stringMatching(/exit code 3[^]*no memory/),
  })
  expect(readdirSync(models)).not.toContain(baseModelName(trainerFolder))
})

test('the next training removes the files of a killed training', async () => {
  const { options, models } = fakeTrainer('mkdir "$model"; echo weights > "$model/w"')
  mkdirSync(`${path(models)}.making/model`, { recursive: true })
  await ensureBaseModel(options)
  expect(readdirSync(models)).toEqual([baseModelName(trainerFolder)])
  expect(readdirSync(path(models))).toEqual(['w'])
})

test('an abort ends the training and leaves no model', async () => {
  const { options, models } = fakeTrainer('mkdir "$model"; echo "base model: waits"; exec sleep 30')
  await expect(ensureBaseModel(options)).rejects.toThrow('aborted')
  expect(readdirSync(models)).not.toContain(baseModelName(trainerFolder))
})

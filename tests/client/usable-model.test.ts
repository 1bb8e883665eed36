import { rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { refuseUnusable } from '../../client/usable-model.ts'
import { HoneError } from '../../domain/errors.ts'
import { writeModel } from '../artifacts/weights.ts'
import { temporaryHome } from '../world/home.ts'

async function refusalOf(spoil: (folder: string) => Promise<void>): Promise<HoneError> {
  const folder = temporaryHome()
  await writeModel(folder)
  await expect(refuseUnusable(folder)).resolves.toBeUndefined()
  await spoil(folder)
  const error: unknown = await refuseUnusable(folder, 'the model').catch((refusal: unknown) => refusal)
  if (error instanceof HoneError) return error
  throw new Error('the folder was not refused')
}

it('the error names every missing file, and says what a whole model has', async () => {
  const { type, message, nextStep } = await refusalOf(async (folder) => {
    await rm(join(folder, 'tokenizer.json'))
    await rm(join(folder, 'model-2.safetensors'))
  })
  expect(type).toBe('InvalidRecipe')
  expect(message).toMatch(/^baseModel\.path: the model cannot be a base model: /)
  expect(message).toContain('model-2.safetensors')
  expect(message).toContain('tokenizer')
  expect(nextStep).toMatch(/^put what is missing into the folder: .*; the folder is \//)
})

it('the error about cut weights says to copy them again', async () => {
  const { nextStep } = await refusalOf((folder) => truncate(join(folder, 'model-1.safetensors'), 100))
  expect(nextStep).toMatch(/^copy or download the damaged files again; /)
})

it('the error about a missing chat template asks for that file only', async () => {
  const { message, nextStep } = await refusalOf((folder) => writeFile(join(folder, 'tokenizer_config.json'), '{}'))
  expect(message).toContain('chat template')
  expect(nextStep).toMatch(/^put the chat_template\.jinja of the model/)
})

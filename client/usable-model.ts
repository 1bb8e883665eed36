import { verifyCheckpointFiles } from '../artifacts/verify.ts'
import { HoneError } from '../domain/errors.ts'

/** Throws InvalidRecipe with every missing or damaged file of a base model. */
export async function refuseUnusable(folder: string, what: string = folder): Promise<void> {
  const { problems } = await verifyCheckpointFiles(folder)
  if (problems.length === 0) return
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `baseModel.path: ${what} cannot be a base model: ${problems.join('; ')}`,
    nextStep: `${mend(problems)}; the folder is ${folder}`,
  })
}

function mend(problems: readonly string[]): string {
  const all = problems.join('\n')
  if (all.includes('chat template') && problems.length === 1)
    return 'put the chat_template.jinja of the model (or of the one it was trained from) into the folder'
  if (/cut while written|damaged|not whole/.test(all)) return 'copy or download the damaged files again'
  return 'put what is missing into the folder: it must be a whole model in Hugging Face layout with safetensors weights'
}

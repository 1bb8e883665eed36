import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { contentHash } from '../../artifacts/hash.ts'
import { storageError } from '../../artifacts/storage-error.ts'
import { writeWholeFile } from '../../artifacts/whole-file.ts'
import { errorCode, HoneError } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json-text.ts'
import { endpointCallOptions } from '../../domain/recipe/call-options.ts'

const oneUrl = z.string().regex(/^https?:\/\/\S+$/)

/**
 * A judge that a recipe names, as the reward server finds it in `<folder>/<id>.json`. The file
 * holds no secret: `apiKeyEnv` names the variable of the reward server's environment that holds the
 * key.
 */
const judgeFile = z.strictObject({
  /** Ends in `/v1`; a list where several servers share the work. */
  url: z.union([oneUrl, z.array(oneUrl).min(1).readonly()]),
  model: z.string().min(1),
  apiKeyEnv: z.string().min(1).optional(),
  /** How long one batch, and one request of it, may take. Seconds. */
  timeoutSeconds: z.number().positive(),
  /** Requests at one time. */
  concurrency: z.int().positive(),
  /** Headers, proxy and the like, as the recipe has them. Absent where the recipe has none. */
  options: endpointCallOptions.omit({ apiKeyEnv: true }).optional(),
})
export type JudgeFile = z.infer<typeof judgeFile>

/**
 * Names a judge in a score request. Narrow, because the id becomes a file's name and must not lead
 * out of the folder.
 */
export const judgeId = z.string().regex(/^[a-z0-9-]{8,64}$/)

const pathOf = (folder: string, id: string): string => join(folder, `${id}.json`)

/**
 * The id of a judge. It follows the recipe's words, with the address as written there:
 * `demo:teacher` stays the same judge when its port changes at a restart, and a trainer that
 * outlived the restart goes on with its id.
 */
export const judgeIdOf = (asInRecipe: JudgeFile): string => `judge-${contentHash(asInRecipe).slice(0, 24)}`

/**
 * Writes a judge's file, whole or not at all, unless the file says the same already. A file, and
 * not a request to the server: a client that may ask for scores must not be able to say where texts
 * and keys are sent. Throws HoneError (StorageFull) when the folder cannot be written to.
 */
export async function writeJudgeFile(folder: string, id: string, judge: JudgeFile): Promise<void> {
  const path = pathOf(folder, id)
  const text = `${JSON.stringify(judgeFile.parse(judge))}\n`
  const before = await readFile(path, 'utf8').catch(() => null)
  if (before === text) return
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeWholeFile(path, text, { mode: 0o600 })
  } catch (error) {
    throw storageError(error, path)
  }
}

/**
 * A judge's file is there but could not be read: a disk fails, or the process has no file handle
 * left. The failure may pass.
 */
export class JudgeUnreadable extends Error {}

/**
 * The text of a judge's file, and the judge that it describes. Throws HoneError (InvalidInput) when
 * there is no file of that name or the file is not usable, and JudgeUnreadable when the file cannot
 * be read.
 */
export async function readJudgeFile(folder: string, id: string): Promise<{ text: string; judge: JudgeFile }> {
  const text = await readFile(pathOf(folder, judgeId.parse(id)), 'utf8').catch((cause: unknown) => {
    const code = errorCode(cause) ?? 'unknown error'
    if (code === 'ENOENT') throw refused(`There is no judge "${id}" here.`, cause)
    throw new JudgeUnreadable(`The file of judge "${id}" cannot be read now (${code}).`, { cause })
  })
  const parsed = judgeFile.safeParse(parseJson(text))
  if (!parsed.success) throw refused(`The file of judge "${id}" is not usable: ${z.prettifyError(parsed.error)}.`)
  return { text, judge: parsed.data }
}

const refused = (message: string, cause?: unknown): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message,
    nextStep:
      'Hone writes it where a training begins whose recipe names a judge: resume the campaign, and see that this server was started with --judges on services/judges of the same home. Without reward.judge the judge of HONE_JUDGE_URL is asked.',
    cause,
  })

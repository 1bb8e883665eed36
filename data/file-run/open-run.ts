import { readdir, readFile } from 'node:fs/promises'
import { contentHash } from '../../artifacts/hash.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { VERIFIER_VERSION } from '../../verifier/verdict.ts'
import type { DataStep } from '../steps/step.ts'
import { hashed, type NamedFile, rowsOfFiles, rowsOfInput } from './evidence.ts'
import { indexInput, type InputFile, type InputLines } from './input-lines.ts'
import { createPictures, type Pictures } from './pictures.ts'

/** A step on files: what decides what comes out. */
export interface StepRun {
  step: DataStep
  /** As the step's own schema reads them; endpoints are named after the option that names them. */
  options: { step: string }
  endpoints: readonly ResolvedEndpoint[]
  seed: number
  promptSuffix: string
  /** Only so many lines, from the top. */
  maxRows?: number | undefined
  /** Files for the option `evidence`. */
  evidence: readonly NamedFile[]
  benchmarks: readonly NamedFile[]
  /** Version of Hone: another one may read replies in another way. */
  version: string
}

/** An input that was looked through, and what the step knows before its first row. */
export interface OpenedRun {
  input: InputLines
  pictures: Pictures
  /** What the step's evidence came to. */
  overview: unknown
  /** SHA-256 of all that decides a row's outcomes besides its line and pictures. */
  key: string
}

/** Looks through input and evidence. Throws InvalidInput for files that cannot be read. */
export async function openRun(run: StepRun, files: readonly InputFile[], signal: AbortSignal): Promise<OpenedRun> {
  const { step, options } = run
  const evidence = 'evidence' in step ? step.evidence : undefined
  const compares = evidence?.of === 'inputs' || evidence?.of === 'benchmarks'
  const sees = step.estimate(options).calls.some(({ withImages }) => withImages)
  const pictures = createPictures({ areRead: sees || compares, keepsAll: compares })
  const by = 'by' in options && typeof options.by === 'string' ? options.by : null
  const input = await indexInput(files, { maxRows: run.maxRows, per: step.per, by, signal })
  try {
    const weighed = await weigh(run, input, pictures)
    const key = contentHash({
      format: 1,
      version: run.version,
      verifier: VERIFIER_VERSION,
      prompts: await promptsHash(),
      options,
      models: run.endpoints.map(({ name, identity, imageMaxPixels, imagePatch }) => ({
        name,
        identity,
        imageMaxPixels,
        imagePatch,
      })),
      seed: run.seed,
      promptSuffix: run.promptSuffix,
      evidence: weighed.hash,
    })
    return { input, pictures, overview: weighed.overview, key }
  } catch (error) {
    await input.close()
    throw error
  }
}

/** What the step's evidence comes to, and a hash of it. */
async function weigh({ step, options, evidence: named, benchmarks }: StepRun, input: InputLines, pictures: Pictures) {
  const evidence = 'evidence' in step ? step.evidence : undefined
  const of = evidence?.of ?? 'named'
  // Without a benchmark there is nothing to be found in one: that is an answer too.
  if (!evidence || (of === 'named' && named.length === 0)) return { overview: undefined, hash: null }
  const files = of === 'benchmarks' ? benchmarks : named
  const { rows, hash } = hashed(of === 'inputs' ? rowsOfInput(input, pictures) : rowsOfFiles(files, pictures))
  const overview: unknown = await evidence.reduce(rows, options)
  return { overview, hash: hash() }
}

/** Hash of the prompts that come with Hone: their texts are no part of options. */
async function promptsHash(): Promise<string> {
  const folder = new URL('../prompts/', import.meta.url)
  const names = (await readdir(folder)).sort()
  return contentHash(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), 'utf8')])),
  )
}

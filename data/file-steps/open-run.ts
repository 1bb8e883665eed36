import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash } from '../../artifacts/hash.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import type { DataStep } from '../steps/step.ts'
import type { FingerprintsOf } from '../../domain/rows.ts'
import { hashed, rowsOfFiles, rowsOfInput } from './evidence.ts'
import type { NamedFile } from './evidence.ts'
import { openFingerprints } from './fingerprints.ts'
import type { Fingerprints } from './fingerprints.ts'
import { indexInput } from './input-lines.ts'
import type { InputLines } from './input-lines.ts'
import type { InputFile } from './input-reader.ts'
import { createPictures } from './pictures.ts'
import type { Pictures } from './pictures.ts'

/** The part of a step on files that decides its output. */
export interface StepRun {
  step: DataStep
  /**
   * Options as the step's own schema reads them. Endpoints have the name of the option that names
   * them.
   */
  options: { step: string }
  endpoints: readonly ResolvedEndpoint[]
  seed: number
  promptSuffix: string
  /** At most this many lines, from the top. */
  maxRows?: number | undefined
  /** Files for the option `evidence`. */
  evidence: readonly NamedFile[]
  benchmarks: readonly NamedFile[]
  /** Version of Hone. Another version may read replies in another way. */
  version: string
}

/** An input that was read once, and what the step knows before its first row. */
export interface OpenedRun {
  input: InputLines
  pictures: Pictures
  /**
   * Whether pictures are read. If not, their hashes are hashes of their names, and no request may
   * carry a picture.
   */
  seesPictures: boolean
  /** The result of the step's look at its evidence. */
  overview: unknown
  /** Given where the step compares pictures. */
  fingerprintsOf?: FingerprintsOf
  close(): Promise<void>
  /** SHA-256 of everything that decides a row's outcomes, except its line and pictures. */
  key: string
}

/**
 * Looks through input and evidence. Writes nothing without a `state`. Throws InvalidInput for files
 * that cannot be read.
 */
export async function openRun(
  run: StepRun,
  files: readonly InputFile[],
  { signal, state }: { signal: AbortSignal; state?: string },
): Promise<OpenedRun> {
  const { step, options } = run
  const evidence = 'evidence' in step ? step.evidence : undefined
  const compares = evidence?.of === 'inputs' || evidence?.of === 'benchmarks'
  const sees = step.estimate(options).calls.some(({ withImages }) => withImages)
  const pictures = createPictures({ areRead: sees || compares, areDecoded: sees, keepsAll: compares })
  const by = step.per === 'dataset' ? (step.groupField?.(step.options.parse(options)) ?? null) : null
  const input = await indexInput(files, { maxRows: run.maxRows, per: step.per, by, signal })
  const looks = compares ? await openFingerprints(state && join(state, 'fingerprints.jsonl'), pictures) : undefined
  const close = async () => {
    await looks?.close()
    await input.close()
  }
  try {
    const weighed = await weigh(run, input, pictures, looks)
    const key = contentHash({
      format: 1,
      version: run.version,
      verifier: verifierVersion,
      prompts: await promptsHash(),
      options,
      models: run.endpoints.map((endpoint) => ({
        name: endpoint.name,
        identity: endpoint.identity,
        imageMaxPixels: endpoint.imageMaxPixels,
        imagePatch: endpoint.imagePatch,
        imageMaxBytes: endpoint.imageMaxBytes,
        imageFormats: endpoint.imageFormats,
        imageMinSide: endpoint.imageMinSide,
        body: endpoint.body,
        omit: endpoint.omit,
      })),
      seed: run.seed,
      promptSuffix: run.promptSuffix,
      evidence: weighed.hash,
    })
    const { overview } = weighed
    return {
      input,
      pictures,
      seesPictures: sees || compares,
      overview,
      key,
      close,
      ...(looks && { fingerprintsOf: looks.of }),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Lets the step look at its evidence. Returns the result and a hash of the evidence. */
async function weigh(
  { step, options, evidence: named, benchmarks }: StepRun,
  input: InputLines,
  pictures: Pictures,
  looks: Fingerprints | undefined,
) {
  const evidence = 'evidence' in step ? step.evidence : undefined
  const of = evidence?.of ?? 'named'
  // A step may be given no benchmark at all. Then it finds no row in any benchmark.
  if (!evidence || (of === 'named' && named.length === 0)) return { overview: undefined, hash: null }
  const files = of === 'benchmarks' ? benchmarks : named
  const { rows, hash } = hashed(of === 'inputs' ? rowsOfInput(input, pictures) : rowsOfFiles(files, pictures))
  const overview: unknown = await evidence.reduce(rows, options, looks && { fingerprintsOf: looks.of })
  return { overview, hash: hash() }
}

/** Hash of the prompts that come with Hone, because options do not contain their texts. */
async function promptsHash(): Promise<string> {
  const folder = new URL('../steps/prompts/', import.meta.url)
  const names = (await readdir(folder)).sort()
  return contentHash(
    await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), 'utf8')])),
  )
}

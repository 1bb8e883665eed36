import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Row } from '../../domain/rows.ts'
import type { AskRequest } from '../../models/ask.ts'
import { partsOf, requestBody } from '../../models/request-body.ts'
import { runShard } from '../shards/run-shard.ts'
import type { FileStep } from './file-step.ts'
import { openFinishedRows } from './finished-rows.ts'
import type { FinishedRows } from './finished-rows.ts'
import { inputFile } from './input-lines.ts'
import { openRun } from './open-run.ts'
import type { OpenedRun } from './open-run.ts'
import { createWork } from './work-rows.ts'

/** The work that a run would do. */
export interface DryRun {
  /**
   * Lines that would be worked on, lines that are done already, lines that are no rows, and lines
   * that an earlier step has dropped or failed.
   */
  rows: number
  done: number
  bad: number
  passedOver: number
  /** Most calls by endpoint option. Replies that are there already are not asked for again. */
  calls: Record<string, number>
  /**
   * The first request, with names of files instead of pixels; null where the first rows ask
   * nothing.
   */
  request: { endpoint: string; body: unknown } | null
}

/** Most rows that are tried to find a first request. */
const rowsTried = 100

/** Goes through the input. Sends and writes nothing. */
export async function dryRunFileStep(options: FileStep): Promise<DryRun> {
  const { step, inputs, progress, signal, state } = options
  const run = await openRun(options, inputs.map(inputFile), { signal })
  const { input } = run
  const calls = step.estimate(options.options).calls
  const none = { rows: 0, done: 0, bad: input.bad, passedOver: input.passedOver, calls: {}, request: null }
  try {
    if (step.per === 'dataset') return { ...none, rows: input.count - input.bad }
    const log = join(state, 'rows.jsonl')
    const known = existsSync(log) ? await openFinishedRows(log) : null
    const finished: FinishedRows = {
      find: (key) => known?.find(key),
      failure: (key) => known?.failure(key),
      save: () => Promise.resolve([]),
      read: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    }
    const nameOf = new Map<string, string>()
    let seen = 0
    const work = createWork({
      input,
      per: step.per,
      run: run.key,
      pictures: {
        ...run.pictures,
        async hold(pictures) {
          // Of the first rows only: hashing the pictures of a hundred thousand rows would take
          // minutes.
          const hashes = seen++ < rowsTried ? await run.pictures.hold(pictures) : pictures.map(({ stamp }) => stamp)
          if (seen <= rowsTried) hashes.forEach((hash, at) => nameOf.set(hash, pictures[at]?.path ?? hash))
          return hashes
        },
      },
      finished,
      retryFailed: options.retryFailed ?? false,
      progress,
      onDone: () => undefined,
    })
    let [rows, tried] = [0, 0]
    let request: DryRun['request'] = null
    for await (const batch of work.batches()) {
      signal.throwIfAborted()
      rows += batch.length
      if (request !== null || calls.length === 0 || tried >= rowsTried) continue
      tried += batch.length
      request = await firstRequest(options, run, batch, nameOf)
    }
    await known?.close()
    const perOption = calls.map(({ option, perRow }) => [option, rows * perRow] as const)
    const asked = options.endpoints.map(({ name }) => name)
    return {
      ...none,
      rows,
      done: progress.read().found,
      calls: Object.fromEntries(perOption.filter(([option]) => asked.includes(option))),
      request,
    }
  } finally {
    await run.close()
  }
}

/** The first request of these rows. */
async function firstRequest(
  { step, options, endpoints, seed, promptSuffix, signal }: FileStep,
  { overview, fingerprintsOf }: OpenedRun,
  rows: readonly Row[],
  nameOf: ReadonlyMap<string, string>,
): Promise<DryRun['request']> {
  let first: AskRequest | undefined
  await runShard({
    step,
    rows,
    context: {
      options,
      seed,
      promptSuffix,
      overview,
      ...(fingerprintsOf && { fingerprintsOf }),
      ask(request) {
        first ??= request
        return Promise.reject(new Error('nothing is sent in a dry run'))
      },
      modelOf: (name) => endpoints.find((endpoint) => endpoint.name === name)?.model ?? name,
    },
    concurrency: 1,
    commit: () => Promise.resolve(),
    admits: () => first === undefined,
    signal,
  })
  const endpoint = endpoints.find(({ name }) => name === first?.endpoint)
  if (!first || !endpoint) return null
  const { params, pictures } = await requestBody(endpoint, first, {
    dataUrl: (hash) => Promise.resolve(`(${basename(nameOf.get(hash) ?? hash)})`),
  })
  const json = partsOf(JSON.stringify(params), pictures).join('')
  return { endpoint: endpoint.baseUrls.join(', '), body: z.unknown().parse(JSON.parse(json)) }
}

import { join, resolve } from 'node:path'
import { sha256Hex } from '../../artifacts/hash.ts'
import { HoneError } from '../../domain/errors.ts'
import type { AskRequest } from '../../models/ask.ts'
import { createBoundedAsk } from '../../models/bounded-ask.ts'
import type { BudgetMeter } from '../../models/budget-meter.ts'
import { createEngine } from '../../models/engine.ts'
import { createImages } from '../pictures/prepare.ts'
import { rowsAtOnce, runShard } from '../shards/run-shard.ts'
import type { QuestionStep, RowStep } from '../steps/step.ts'
import { createAssembly } from './assembly.ts'
import { stepMeter } from './step-meter.ts'
import { openFileBatches } from './file-batches.ts'
import type { FileBatches } from './file-batches.ts'
import { openFileReplies } from './file-replies.ts'
import type { FileReplies } from './file-replies.ts'
import type { FileStep, FileStepEnd } from './file-step.ts'
import { openFinishedRows } from './finished-rows.ts'
import type { OpenedRun } from './open-run.ts'
import type { OutputFiles } from './output-file.ts'
import { createWork } from './work-rows.ts'
import type { Work } from './work-rows.ts'

/** Works on the rows that are not done, and writes all outcomes in the order of the input. */
export async function workRows(
  options: FileStep,
  step: RowStep | QuestionStep,
  run: OpenedRun,
  output: OutputFiles,
): Promise<FileStepEnd> {
  const { state, progress, signal, endpoints } = options
  const { input, pictures } = run
  const ownLog = join(state, 'replies.jsonl')
  const movedBy = options.replies === undefined ? '--state' : '--replies'
  const replies = await openFileReplies(options.replies ?? ownLog, payer(options), movedBy)
  const finished = await openFinishedRows(join(state, 'rows.jsonl'))
  const meter = stepMeter(options, replies)
  const bounded = createBoundedAsk({ endpoints, meter, replies })
  const checkFailures = failureLimit(options, input.count)
  const work: Work = createWork({
    input,
    per: step.per,
    run: run.key,
    pictures,
    finished,
    retryFailed: options.retryFailed ?? false,
    progress,
    onDone() {
      checkFailures()
      assembly.poke()
    },
  })
  const assembly = createAssembly(input, work, finished, output, signal)
  const showCost = costShower(options, meter)
  showCost()
  const batches = await batchesOf(options, replies)
  const engine = createEngine({
    ...options.engine,
    endpoints,
    batches,
    replies: bounded.replies,
    images: createImages({ source: pictures }),
    signal,
    onUsage(usage) {
      progress.usage(usage)
      showCost()
    },
  })
  progress.watch(engine)
  try {
    await runShard({
      step,
      rows: work.batches(),
      context: {
        options: options.options,
        seed: options.seed,
        promptSuffix: options.promptSuffix,
        overview: run.overview,
        ...(run.fingerprintsOf && { fingerprintsOf: run.fingerprintsOf }),
        ask: bounded.follow((request) => engine.ask(checkPictures(request, options, run))),
        modelOf: (name) => endpoints.find((endpoint) => endpoint.name === name)?.model ?? name,
      },
      concurrency: rowsAtOnce(endpoints),
      commit: work.commit,
      admits: () => bounded.untilRoom().then(() => true),
      signal,
    })
    return { ended: 'done', passedOver: input.passedOver, tally: await assembly.finish() }
  } catch (error) {
    if (!endsEarly(error)) throw error
    // Requests under way are paid for anyway. So they may end, and their replies are kept.
    await Promise.race([bounded.settled(), aborted(signal)])
    signal.throwIfAborted()
    if (error.type !== 'BudgetReached') throw error
    return { ended: 'budget', message: error.message }
  } finally {
    await engine.close()
    await assembly.idle()
    await finished.close()
    await batches?.close()
    await replies.close()
  }
}

/** Where the batches of this run are kept; undefined when no endpoint has mode `batch`. */
async function batchesOf({ endpoints, state }: FileStep, replies: FileReplies): Promise<FileBatches | undefined> {
  if (!endpoints.some(({ mode }) => mode === 'batch')) return undefined
  return await openFileBatches(join(state, 'batches.jsonl'), replies)
}

/** Throws when a step shows pictures, and its estimate says that it shows none. */
function checkPictures(request: AskRequest, { options }: FileStep, { seesPictures }: OpenedRun): AskRequest {
  if (!seesPictures && request.messages.some(({ images }) => images?.length))
    throw new Error(`${options.step} shows pictures that its estimate says nothing of`)
  return request
}

/** Tells the progress what all runs on this output cost, where prices are known. */
const costShower =
  ({ prices, progress }: FileStep, meter: Pick<BudgetMeter, 'spent'>) =>
  (): void => {
    if (prices.size > 0) progress.cost(Object.values(meter.spent().costs)[0] ?? 0)
  }

/** Whether no row is at fault: no money is left, or the server refuses every request. */
const endsEarly = (error: unknown): error is HoneError =>
  error instanceof HoneError && (error.type === 'BudgetReached' || error.type === 'EndpointRefused')

/** Who pays, in a log of replies that several runs share. */
const payer = ({ output }: FileStep): string => sha256Hex(resolve(output)).slice(0, 16)

/** Throws TooManyFailedRows when more rows have failed than `maxFailed` allows. */
function failureLimit({ maxFailed, progress }: FileStep, rows: number): () => void {
  if (maxFailed === undefined) return () => undefined
  const most = 'rows' in maxFailed ? maxFailed.rows : Math.floor(maxFailed.share * rows)
  return () => {
    const { failed, failures } = progress.read()
    if (failed <= most) return
    const reasons = Object.entries(failures).map(([reason, count]) => `${reason} ${count}`)
    throw new HoneError({
      type: 'TooManyFailedRows',
      message: `${failed} of ${rows} rows failed (${reasons.join(', ')}); at most ${most} may.`,
      nextStep:
        'Mend the cause and run the command again with --retry-failed, or raise --max-failed. What is done is kept.',
    })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

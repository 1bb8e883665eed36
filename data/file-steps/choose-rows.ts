import { runDatasetStep } from '../shards/run-shard.ts'
import type { DatasetStep } from '../steps/step.ts'
import { emptyTally, tallyUp } from './assembly.ts'
import type { FileStep, FileStepEnd } from './file-step.ts'
import type { InputLine } from './input-reader.ts'
import type { OpenedRun } from './open-run.ts'
import type { OutputFiles } from './output-file.ts'
import { lineOfBad, linesOf } from './output-lines.ts'
import type { OutputLine } from './output-lines.ts'

const linesAtOnce = 128

/**
 * Writes the rows that a dataset step keeps, in the step's order, then the other rows in the order
 * of the input.
 */
export async function chooseRows(
  { options, seed, promptSuffix, progress, signal }: FileStep,
  step: DatasetStep,
  { input }: OpenedRun,
  output: OutputFiles,
): Promise<FileStepEnd> {
  const { kept, droppedReason } = await runDatasetStep(step, input.refs, { options, seed, promptSuffix })
  const chosen = kept.flatMap((id) => input.ids.get(id) ?? [])
  const isChosen = new Set(chosen)
  const tally = emptyTally()

  const written = (line: InputLine): OutputLine[] => {
    if (!('row' in line.read)) {
      const bad = [{ status: 'failed' as const, reason: line.read.reason }]
      tallyUp(tally, bad)
      progress.rows(1, bad)
      return [lineOfBad(line, line.read, input.ids)]
    }
    const [status, reason] = isChosen.has(line.place)
      ? (['kept', null] as const)
      : (['dropped', droppedReason] as const)
    const outcomes = [{ status, reason, detail: null, changes: {}, requests: [] }]
    tallyUp(tally, outcomes)
    progress.rows(1, outcomes)
    return linesOf(line, line.read.row, outcomes, input.ids)
  }

  const others = Array.from({ length: input.count }, (_, place) => place).filter((place) => !isChosen.has(place))
  const order = [...chosen, ...others]
  for (let at = 0; at < order.length; at += linesAtOnce) {
    signal.throwIfAborted()
    const lines = await input.read(order.slice(at, at + linesAtOnce))
    await output.write(lines.flatMap(written))
  }
  return { ended: 'done', passedOver: input.passedOver, tally }
}

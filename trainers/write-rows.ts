import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { z } from 'zod'
import { storageError } from '../artifacts/storage-error.ts'
import { writeWholeFile } from '../artifacts/whole-file.ts'
import { marksIn } from '../data/rows/image-marks.ts'
import { HoneError } from '../domain/errors.ts'
import type { RunFolder } from '../jobs/command.ts'
import { rlRowSchema, sftRowSchema } from './rows.ts'
import type { RlRow, SftRow } from './rows.ts'
import type { TrainingStage } from './stage.ts'
import type { PlannedFile } from './trainer.ts'

/** Writes pieces as one whole file: a starting job finds the complete file or no file. */
export async function writeWhole(
  run: RunFolder,
  path: string,
  pieces: AsyncIterable<string> | Iterable<string>,
): Promise<PlannedFile & { pieces: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  let count = 0
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeWholeFile(path, async (file) => {
      for await (const piece of pieces) {
        const content = Buffer.from(piece)
        hash.update(content)
        bytes += content.length
        count += 1
        await file.writeFile(content)
      }
    })
  } catch (error) {
    throw storageError(error, path)
  }
  return { path: relative(run.here, path), hash: hash.digest('hex'), bytes, pieces: count }
}

function badRow(stage: TrainingStage, line: number, why: string): HoneError {
  return new HoneError({
    type: 'InvalidInput',
    message: `Row ${line} of the dataset of ${stage.key} cannot be trained on: ${why}.`,
    nextStep: 'Look at the step that made the row; each image needs one <image> mark in the text.',
  })
}

/**
 * Checks the rows of a stage and gives them with pictures as the job sees them. Throws InvalidInput
 * with the number of a bad row, and EmptyDataset when there is no row.
 */
export async function* checkedRows(
  stage: TrainingStage,
  rows: AsyncIterable<SftRow | RlRow>,
  run: RunFolder,
): AsyncGenerator<SftRow | RlRow> {
  let line = 0
  for await (const row of rows) {
    line += 1
    yield checkedRow(stage, row, line, run)
  }
  if (line > 0) return
  throw new HoneError({
    type: 'EmptyDataset',
    message: `No row was left to train ${stage.key} on.`,
    nextStep: 'Run `hone show` to see why the earlier steps dropped their rows.',
  })
}

function checkedRow(stage: TrainingStage, row: SftRow | RlRow, line: number, run: RunFolder): SftRow | RlRow {
  const parsed = stage.kind === 'sft' ? sftRowSchema.safeParse(row) : rlRowSchema.safeParse(row)
  if (!parsed.success) throw badRow(stage, line, z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const { data } = parsed
  const turns = 'messages' in data ? data.messages : data.prompt
  const marks = turns.reduce((count, { content }) => count + marksIn(content), 0)
  if (marks !== data.images.length) {
    throw badRow(stage, line, `it has ${marks} <image> marks and ${data.images.length} images`)
  }
  return { ...data, images: data.images.map((path) => run.see(path)) }
}

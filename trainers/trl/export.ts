import { cardFile, trainSplit } from '../../data/export/card.ts'
import { checkCells, checkColumns } from '../../data/export/check-columns.ts'
import type { ExportFormat } from '../../data/export/format.ts'
import { turns } from '../../data/export/parquet-columns.ts'
import type { ColumnType, ExportColumns } from '../../data/export/parquet-columns.ts'
import { imageMark } from '../../data/rows/image-marks.ts'
import type { RewardField } from '../../domain/answer-check.ts'
import { rewardCheckOf } from '../reward-check.ts'
import type { SftRow } from '../rows.ts'
import { anyFamily, pictureProblem } from '../model-family.ts'
import { rlRow, sftRow } from '../training-rows.ts'

const rewardColumns = {
  ...checkColumns,
  question: 'string',
  reward: 'string',
} as const satisfies Record<RewardField, ColumnType>
const rlColumns: ExportColumns = { id: 'string', prompt: turns, answer: 'string', ...rewardColumns }
const sftColumns: ExportColumns = { id: 'string', prompt: turns, completion: turns }

/**
 * TRL: `prompt` and `completion` (only the completion counts in the loss), or `prompt` with the
 * columns that the reward file of `hone shim --trainer trl` reads. Turns are plain texts without
 * `<image>` marks: TRL itself puts the pictures before the first user turn. Messages in parts would
 * not work: Parquet returns them with every member filled in, and TRL would read that as pictures
 * that are already there.
 */
export const trlExport: ExportFormat = {
  kinds: ['sft', 'rl'],
  images: ['embed'],
  takesDropped: false,
  shows: 'pixels',
  pictureProblem: (size) => pictureProblem(anyFamily, size),
  record: (row, { kind, promptSuffix }) => {
    const options = { promptSuffix, imagePath: (hash: string) => hash }
    if (kind === 'sft') {
      const converted = sftRow(row, options)
      if ('refused' in converted) return converted
      const { id, messages, images } = converted.row
      return { row: { fields: { id, prompt: unmarked(messages.slice(0, 1)), completion: messages.slice(1) }, images } }
    }
    const converted = rlRow(row, options)
    if ('refused' in converted) return converted
    const { id, prompt, answer, images } = converted.row
    const check = rewardCheckOf(row)
    return { row: { fields: { id, prompt: unmarked(prompt), answer, ...check, ...checkCells(check) }, images } }
  },
  columns: (kind) => (kind === 'sft' ? sftColumns : rlColumns),
  pictureFields: 'bytes-path',
  saysFeatures: true,
  extras: (written) => cardFile(written, written.kind === 'sft' ? sftColumns : rlColumns),
  usage: ({ kind }, folder) =>
    kind === 'sft'
      ? [
          `trl sft --dataset_name ${folder} --model_name_or_path MODEL`,
          'Set max_length to null: a cut prompt loses image tokens.',
        ]
      : [
          `trl grpo --dataset_name ${folder} --reward_funcs hone_reward.reward_func --model_name_or_path MODEL`,
          'The reward file: hone shim --trainer trl --url URL --reward NAME --output hone_reward.py',
          `In Python: load_dataset("parquet", data_files="${folder}/${trainSplit}", split="train")`,
        ],
}

/** Removes the `<image>` marks from turns. */
const unmarked = (turns: SftRow['messages']): SftRow['messages'] =>
  turns.map(({ role, content }) => ({ role, content: content.replaceAll(imageMark, '') }))

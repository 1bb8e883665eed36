import { cardFile, trainSplit } from '../../data/export/card.ts'
import type { ExportFormat } from '../../data/export/format.ts'
import { turns, type ExportColumns } from '../../data/export/parquet-columns.ts'
import { questionText } from '../../data/rows/question-text.ts'
import { knownMetadata } from '../../domain/rows.ts'
import type { Row } from '../../domain/rows.ts'
import { rlRow, sftRow } from '../training-rows.ts'

const rlColumns: ExportColumns = {
  id: 'string',
  prompt: turns,
  answer: 'string',
  kind: 'string',
  choices: { list: 'string' },
  precision: 'int32',
  // JSON: a struct would fill in every lenience that a row does not name.
  policy: 'string',
  question: 'string',
  reward: 'string',
}
const sftColumns: ExportColumns = { id: 'string', prompt: turns, completion: turns }

/**
 * TRL: `prompt` and `completion` (whose loss alone counts), or `prompt` with the columns that the
 * reward file of `hone shim --trainer trl` reads. Turns are plain texts without `<image>` marks: TRL
 * puts the pictures before the first user turn itself. Parts of a message would come back from
 * Parquet with every member filled in, which TRL takes for pictures that are there already.
 */
export const trlExport: ExportFormat = {
  kinds: ['sft', 'rl'],
  images: ['embed'],
  takesDropped: false,
  record: (row, { kind, promptSuffix }) => {
    const options = { promptSuffix, imagePath: (hash: string) => hash }
    const prompt = [{ role: 'user', content: questionText(row, promptSuffix) }]
    if (kind === 'sft') {
      const converted = sftRow(row, options)
      if ('refused' in converted) return converted
      const { id, messages, images } = converted.row
      return { row: { fields: { id, prompt, completion: messages.slice(1) }, images } }
    }
    const converted = rlRow(row, options)
    if ('refused' in converted) return converted
    const { id, answer, images } = converted.row
    return { row: { fields: { id, prompt, answer, ...checkOf(row) }, images } }
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

/** What a check needs besides the answer. */
function checkOf(row: Row) {
  const { kind, choices, precision, policy } = row
  return {
    kind,
    choices: choices === null ? null : [...choices],
    precision,
    policy: policy === null ? null : JSON.stringify(policy),
    question: questionText(row, ''),
    reward: knownMetadata(row.metadata).reward ?? null,
  }
}

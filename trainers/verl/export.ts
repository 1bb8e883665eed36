import type { ExportFormat } from '../../data/export/format.ts'
import { turns } from '../../data/export/parquet-columns.ts'
import { knownMetadata } from '../../domain/rows.ts'
import { groundTruth } from '../ground-truth-field.ts'
import { anyFamily, pictureProblem } from '../model-family.ts'
import { otherMedia, rlRow, sftRow } from '../training-rows.ts'

/**
 * verl: GRPO rows of `data_source, prompt, images, ability, reward_model, extra_info`, or rows of
 * `messages, images` to imitate. Pictures are structs of `bytes` alone, because verl passes any
 * other member to the code that opens pictures.
 */
export const verlExport: ExportFormat = {
  kinds: ['rl', 'sft'],
  images: ['embed'],
  takesDropped: false,
  shows: 'pixels',
  pictureProblem: (size) => pictureProblem(anyFamily, size),
  record: (row, { kind, promptSuffix, answers, dataset, index }) => {
    const options = { promptSuffix, imagePath: (hash: string) => hash, fileMarks: otherMedia }
    if (kind === 'sft') {
      const converted = sftRow(row, options)
      if ('refused' in converted) return converted
      return { row: { fields: { messages: converted.row.messages }, images: converted.row.images } }
    }
    const converted = rlRow(row, options)
    if ('refused' in converted) return converted
    const { id, prompt, images } = converted.row
    const { source, category, abilities } = knownMetadata(row.metadata)
    const fields = {
      // verl groups its validation by data_source.
      data_source: source ?? dataset,
      prompt,
      ability: abilities?.[0] ?? category ?? 'visual-question',
      reward_model: { style: 'rule', ground_truth: groundTruth(row, answers) },
      extra_info: { index, id, origin: row.originId },
    }
    return { row: { fields, images } }
  },
  columns: (kind) =>
    kind === 'sft'
      ? { messages: turns }
      : {
          data_source: 'string',
          prompt: turns,
          ability: 'string',
          reward_model: { struct: { style: 'string', ground_truth: 'string' } },
          extra_info: { struct: { index: 'int32', id: 'string', origin: 'string' } },
        },
  pictureFields: 'bytes',
  saysFeatures: false,
  extras: () => ({}),
  usage: ({ kind, files }, folder) => {
    const list = `[${files.map(({ path }) => `${folder}/${path}`).join(',')}]`
    return kind === 'sft'
      ? [`torchrun … -m verl.trainer.sft_trainer data.train_files=${list} data.messages_key=messages`]
      : [
          `python -m verl.trainer.main_ppo data.train_files=${list} data.prompt_key=prompt data.image_key=images`,
          'The reward file: hone shim --trainer verl --url URL --reward NAME --output hone_reward.py',
        ]
  },
}

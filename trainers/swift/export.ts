import type { ExportFormat } from '../../data/export/format.ts'
import { groundTruth } from '../ground-truth-field.ts'
import { anyFamily, pictureProblem } from '../model-family.ts'
import { otherMedia, rlRow, sftRow } from '../training-rows.ts'

/**
 * ms-swift: JSON lines of messages with `<image>` marks. Its loader reads columns such as `answer`,
 * `solution` and `output` as the response, so Hone's columns begin with `hone_`. The reward file of
 * `hone shim --trainer swift` reads `hone_row`.
 */
export const swiftExport: ExportFormat = {
  kinds: ['sft', 'rl'],
  images: ['copy', 'link'],
  takesDropped: false,
  shows: 'pixels',
  pictureProblem: (size) => pictureProblem(anyFamily, size),
  record: (row, { kind, promptSuffix, answers }) => {
    const options = { promptSuffix, imagePath: (hash: string) => hash, fileMarks: otherMedia }
    if (kind === 'sft') {
      const converted = sftRow(row, options)
      if ('refused' in converted) return converted
      const { id, messages, images } = converted.row
      return { row: { fields: { hone_id: id, messages }, images } }
    }
    const converted = rlRow(row, options)
    if ('refused' in converted) return converted
    const { id, prompt, images } = converted.row
    return { row: { fields: { hone_id: id, messages: prompt, hone_row: groundTruth(row, answers) }, images } }
  },
  columns: () => null,
  pictureFields: 'bytes',
  saysFeatures: false,
  extras: () => ({}),
  usage: ({ kind, files }, folder) => {
    const file = `${folder}/${files[0]?.path}`
    const places = `ROOT_IMAGE_DIR=${folder}`
    return kind === 'sft'
      ? [`${places} swift sft --dataset ${file} --model MODEL`]
      : [
          `${places} swift rlhf --rlhf_type grpo --dataset ${file} --external_plugins hone_reward.py --reward_funcs hone --model MODEL`,
          'The reward file: hone shim --trainer swift --url URL --reward NAME --output hone_reward.py',
        ]
  },
}

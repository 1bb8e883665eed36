import type { ExportFormat } from '../../data/export/format.ts'
import { groundTruth } from '../ground-truth-field.ts'
import { anyFamily, pictureProblem } from '../model-family.ts'
import { rlRow } from '../training-rows.ts'

/**
 * EasyR1, GRPO: `problem` with an `<image>` mark for each picture, `answer`, `images`. EasyR1 takes
 * one user turn and no system message. It gives its reward only the answer, so the answer also
 * holds the other fields (see {@link groundTruth}).
 */
export const easyr1Export: ExportFormat = {
  kinds: ['rl'],
  images: ['embed', 'copy', 'link'],
  takesDropped: false,
  shows: 'pixels',
  pictureProblem: (size) => pictureProblem(anyFamily, size),
  record: (row, { promptSuffix, answers }) => {
    const converted = rlRow(row, { promptSuffix, imagePath: (hash) => hash })
    if ('refused' in converted) return converted
    const { prompt, images } = converted.row
    return { row: { fields: { problem: prompt[0]?.content ?? '', answer: groundTruth(row, answers) }, images } }
  },
  columns: () => ({ problem: 'string', answer: 'string' }),
  pictureFields: 'bytes',
  saysFeatures: false,
  extras: () => ({}),
  usage: ({ images, files }, folder) => [
    // EasyR1 takes the type of a folder's files from the first file that it lists. This folder
    // holds only such files.
    `data.train_files=${folder}/${files.length === 1 ? files[0]?.path : 'data'} data.prompt_key=problem data.answer_key=answer data.image_key=images`,
    ...(images === 'embed' ? [] : [`data.image_dir=${folder}`]),
    'The question is complete: set data.format_prompt to a template of {{ content }} alone, or to none.',
    'The reward file: hone shim --trainer easyr1 --url URL --reward NAME --output hone_reward.py',
  ],
}

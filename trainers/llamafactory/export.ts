import type { ExportFormat } from '../../data/export/format.ts'
import { anyFamily, pictureProblem } from '../model-family.ts'
import { otherMedia, sftRow } from '../training-rows.ts'
import { datasetInfo } from './dataset-info.ts'

/**
 * LLaMA-Factory, supervised fine-tuning: sharegpt rows with OpenAI's role names, an `<image>` mark
 * for each picture, and the entry of `dataset_info.json`. Paths are relative to `media_dir`, whose
 * default is `dataset_dir`.
 */
export const llamafactoryExport: ExportFormat = {
  kinds: ['sft'],
  images: ['copy', 'link'],
  takesDropped: false,
  shows: 'pixels',
  pictureProblem: (size) => pictureProblem(anyFamily, size),
  record: (row, { promptSuffix }) => {
    const converted = sftRow(row, { promptSuffix, imagePath: (hash) => hash, fileMarks: otherMedia })
    if ('refused' in converted) return converted
    const { id, messages, images } = converted.row
    return { row: { fields: { id, messages }, images } }
  },
  columns: () => null,
  pictureFields: 'bytes',
  saysFeatures: false,
  extras: ({ name, files }) => ({ 'dataset_info.json': datasetInfo(name, files[0]?.path) }),
  usage: ({ name }, folder) => [
    `llamafactory-cli train sft.yaml dataset_dir=${folder} dataset=${name}`,
    'media_dir may stay unset: it is dataset_dir then, which the paths of pictures are relative to.',
  ],
}

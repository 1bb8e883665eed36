import type { ExportFormat } from '../../data/export/format.ts'
import { sftRow } from '../training-rows.ts'
import { datasetInfo } from './dataset-info.ts'

/**
 * LLaMA-Factory, supervised fine-tuning: sharegpt rows with OpenAI's names, an `<image>` mark for
 * each picture, and the entry of `dataset_info.json`. Paths are relative to `media_dir`, which is
 * `dataset_dir` unless it is set.
 */
export const llamafactoryExport: ExportFormat = {
  kinds: ['sft'],
  images: ['copy', 'link'],
  takesDropped: false,
  record: (row, { promptSuffix }) => {
    const converted = sftRow(row, { promptSuffix, imagePath: (hash) => hash })
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

import { sftRow } from '../../trainers/training-rows.ts'
import type { ExportFormat } from './format.ts'

/**
 * LLaMA-Factory, supervised fine-tuning: sharegpt rows with OpenAI's names, an `<image>` mark a picture, and the entry of `dataset_info.json`.
 * Paths are relative to `media_dir`, which is `dataset_dir` unless it is set.
 */
export const llamafactory: ExportFormat = {
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
  extras: ({ name, files }) => ({
    'dataset_info.json': `${JSON.stringify(
      {
        [name]: {
          file_name: files[0]?.path,
          formatting: 'sharegpt',
          columns: { messages: 'messages', images: 'images' },
          tags: {
            role_tag: 'role',
            content_tag: 'content',
            user_tag: 'user',
            assistant_tag: 'assistant',
            system_tag: 'system',
          },
        },
      },
      null,
      2,
    )}\n`,
  }),
  usage: ({ name }, folder) => [
    `llamafactory-cli train sft.yaml dataset_dir=${folder} dataset=${name}`,
    'media_dir may stay unset: it is dataset_dir then, which the paths of pictures are relative to.',
  ],
}

import type { Written } from './format.ts'
import { cardFeature } from './parquet-columns.ts'
import type { ExportColumns } from './parquet-columns.ts'
import { withWholeRow } from './whole-row.ts'

/** The files of rows, as `datasets` finds them. */
export const trainSplit = 'data/train-*.parquet'

/**
 * The card of a data set: features and files in YAML, and a few words for people. `datasets` reads
 * the YAML, so it does not take the manifest beside the rows for rows.
 */
export function cardFile(written: Written, columns: ExportColumns): Record<string, string> {
  const { name, dataset, kind, rows, files } = written
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const lines = [
    '---',
    'dataset_info:',
    '  features:',
    ...Object.entries(withWholeRow(columns, kind)).flatMap(([column, type]) => cardFeature(column, type, '  ')),
    '  - name: images',
    '    list: image',
    '  splits:',
    '  - name: train',
    `    num_examples: ${rows}`,
    `  download_size: ${bytes}`,
    'configs:',
    '- config_name: default',
    '  data_files:',
    '  - split: train',
    `    path: ${trainSplit}`,
    '---',
    '',
    `# ${name}`,
    '',
    `${rows} rows of ${dataset}, written by Hone. Where they come from: hone-manifest.json.`,
    '',
  ]
  return { 'README.md': lines.join('\n') }
}

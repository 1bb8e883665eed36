import { easyr1 } from './easyr1.ts'
import type { ExportFormat, ExportFormatName } from './format.ts'
import { hfParquet } from './hf-parquet.ts'
import { jsonl } from './jsonl.ts'
import { llamafactory } from './llamafactory.ts'
import { swift } from './swift.ts'
import { trl } from './trl.ts'
import { verl } from './verl.ts'

/** Every format by the name of `--to`. */
export const formats: Readonly<Record<ExportFormatName, ExportFormat>> = {
  llamafactory,
  easyr1,
  verl,
  trl,
  swift,
  'hf-parquet': hfParquet,
  jsonl,
}

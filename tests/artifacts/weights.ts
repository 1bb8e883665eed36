import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A safetensors file with one float32 tensor per name, each of `numbers` zeros. */
export function safetensors(names: readonly string[], numbers = 4): Buffer {
  const bytes = numbers * 4
  const entries = names.map((name, index) => [
    name,
    { dtype: 'F32', shape: [numbers], data_offsets: [index * bytes, (index + 1) * bytes] },
  ])
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(names.length * bytes)])
}

/** A folder in the layout of a Hugging Face model, with weights in two files. */
export async function writeModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const files = { 'model-1.safetensors': ['a', 'b'], 'model-2.safetensors': ['c'] }
  const map = Object.entries(files).flatMap(([file, names]) => names.map((name) => [name, file]))
  for (const [file, names] of Object.entries(files)) await writeFile(join(folder, file), safetensors(names))
  const json = {
    'model.safetensors.index.json': { weight_map: Object.fromEntries(map) },
    'config.json': { model_type: 'qwen2_5_vl' },
    'preprocessor_config.json': {},
    'tokenizer.json': {},
    'tokenizer_config.json': { chat_template: '{{ messages }}' },
  }
  for (const [file, value] of Object.entries(json)) await writeFile(join(folder, file), JSON.stringify(value))
}

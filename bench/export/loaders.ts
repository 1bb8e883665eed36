/**
 * Reads exports with the trainers' own loaders: LLaMA-Factory's get_dataset and collator,
 * ms-swift's load_dataset and template, verl's RLHFDataset and MultiTurnSFTDataset. Each library
 * has its own environment, because their pins exclude each other. Torch comes from the trainer's
 * environment behind it, so a library takes 1 GB and no copy of CUDA. The tests read TRL and
 * `datasets` (tests/trainers/export/loaders.test.ts).
 *
 *   npx tsx bench/export/loaders.ts [--only llamafactory,ms-swift,verl] [--easyr1 CHECKOUT]
 *
 * EasyR1 is in no registry: name a checkout of it. Its data set then runs in verl's environment.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { z } from 'zod'
import { cachePaths, ensureFolder, honeCache } from '../../services/home.ts'
import { withLock } from '../../services/lock.ts'
import { bringUpPython } from '../../services/python.ts'
import type { Python } from '../../services/python.ts'
import { exportRows, exportTo, pictureStore } from '../../tests/data/export/export-world.ts'
import { groundTruth } from '../../trainers/ground-truth-field.ts'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const libraries = ['llamafactory', 'ms-swift', 'verl'] as const
type Library = (typeof libraries)[number]

const read = z.object({
  library: z.string(),
  read: z.string(),
  rows: z.number(),
  pictures: z.number(),
  /** The text that the loss counts, row by row. */
  learned: z.array(z.string()).optional(),
  /** The reference that the reward gets, row by row. */
  references: z.array(z.string()).optional(),
})

/** A Python with a library, and with the trainer's environment behind it. Made once. */
async function environment(library: Library, trainer: Python): Promise<string> {
  const lock = join(here, 'requirements', `${library}.lock`)
  const key = createHash('sha256')
    .update(`${readFileSync(lock, 'utf8')}\n${trainer.python}`)
    .digest('hex')
    .slice(0, 12)
  const { python: folder } = cachePaths(honeCache())
  ensureFolder(folder, 'HONE_CACHE')
  const made = join(folder, `export-${library}-${key}`)
  const python = join(made, 'bin', 'python')
  await withLock(`${made}.lock`, 'make an environment', async () => {
    if (existsSync(join(made, '.complete'))) return
    console.error(`installing ${library} …`)
    rmSync(made, { recursive: true, force: true })
    await run(trainer.python, ['-m', 'venv', '--without-pip', made])
    const packages = async (of: string): Promise<string> =>
      (await run(of, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])'])).stdout.trim()
    // The name sorts last, so that the library's own packages win over the trainer's.
    writeFileSync(join(await packages(python), 'zz-trainer.pth'), `${await packages(trainer.python)}\n`)
    const hasUv = await run(trainer.python, ['-m', 'uv', '--version']).then(
      () => true,
      () => false,
    )
    const install = hasUv ? ['uv', 'pip', 'install', '--python', python] : ['pip', '--python', python, 'install', '-q']
    await run(trainer.python, ['-m', ...install, '--no-deps', '-r', lock], { maxBuffer: 64 * 1024 * 1024 })
    writeFileSync(join(made, '.complete'), '')
  })
  return python
}

interface Reading {
  name: string
  library: Library
  script: string
  argv: string[]
  kind: 'sft' | 'rl'
  path?: string
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, easyr1: { type: 'string' } } })
  const only = values.only?.split(',') ?? [...libraries, 'easyr1']
  const trainer = await bringUpPython()
  const folder = mkdtempSync(join(tmpdir(), 'hone-export-bench-'))
  try {
    const store = await pictureStore(join(folder, 'store'))
    const model = join(folder, 'model')
    const env = { ...process.env, ...trainer.env }
    await run(trainer.python, [join(here, 'tiny_model.py'), model], { env })
    const of = (name: string): string => join(folder, name)
    await exportTo(store, { to: 'llamafactory', output: of('llamafactory') })
    for (const kind of ['sft', 'rl'] as const) {
      await exportTo(store, { to: 'swift', kind, output: of(`swift-${kind}`) })
      await exportTo(store, { to: 'verl', kind, output: of(`verl-${kind}`) })
    }
    await exportTo(store, { to: 'easyr1', output: of('easyr1') })
    await exportTo(store, { to: 'easyr1', images: 'copy', output: of('easyr1-copy') })
    const parquet = (name: string): string => join(of(name), 'data', 'train-00000-of-00001.parquet')
    const easyr1 = values.easyr1 === undefined ? undefined : resolve(values.easyr1)
    const inVerl = { library: 'verl', script: 'load_easyr1.py', kind: 'rl' } as const
    const all: Reading[] = [
      {
        name: 'llamafactory sft',
        library: 'llamafactory',
        script: 'load_llamafactory.py',
        argv: [of('llamafactory'), model, 'demo-1-select'],
        kind: 'sft',
      },
      {
        name: 'swift sft',
        library: 'ms-swift',
        script: 'load_swift.py',
        argv: [of('swift-sft'), model, 'sft'],
        kind: 'sft',
      },
      {
        name: 'swift rl',
        library: 'ms-swift',
        script: 'load_swift.py',
        argv: [of('swift-rl'), model, 'rl'],
        kind: 'rl',
      },
      {
        name: 'verl sft',
        library: 'verl',
        script: 'load_verl.py',
        argv: [parquet('verl-sft'), model, 'sft'],
        kind: 'sft',
      },
      { name: 'verl rl', library: 'verl', script: 'load_verl.py', argv: [parquet('verl-rl'), model, 'rl'], kind: 'rl' },
      ...(easyr1 === undefined
        ? []
        : [
            { ...inVerl, name: 'easyr1 embedded', argv: [parquet('easyr1'), model, ''], path: easyr1 },
            {
              ...inVerl,
              name: 'easyr1 copied',
              argv: [parquet('easyr1-copy'), model, of('easyr1-copy')],
              path: easyr1,
            },
          ]),
    ]
    const failed: string[] = []
    for (const reading of all.filter(({ library, path }) => only.includes(path === undefined ? library : 'easyr1'))) {
      const python = await environment(reading.library, trainer)
      const wrong = await readWith(python, reading, folder, store)
      if (wrong !== null) failed.push(`${reading.name}: ${wrong}`)
    }
    if (easyr1 === undefined) console.log('easyr1: not read, no checkout was named (--easyr1)')
    if (failed.length > 0) throw new Error(failed.join('\n'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a loader and compares its rows with the export's rows. Returns the difference, or null. */
async function readWith(
  python: string,
  { name, script, argv, kind, path }: Reading,
  folder: string,
  store: Awaited<ReturnType<typeof pictureStore>>,
): Promise<string | null> {
  const env = {
    ...process.env,
    HF_HUB_OFFLINE: '1',
    HF_HOME: join(folder, 'hf'),
    MODELSCOPE_CACHE: join(folder, 'modelscope'),
    OMP_NUM_THREADS: '1',
    ...(path !== undefined && { PYTHONPATH: path }),
  }
  const { stdout } = await run(python, [join(here, script), ...argv], { env, maxBuffer: 64 * 1024 * 1024 })
  const found = read.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''))
  console.log(`${name}: ${found.rows} rows, ${found.pictures} pictures by ${found.read} of ${found.library}`)
  const rows = exportRows(store).filter(({ id }) => id !== 'gone')
  const wanted =
    kind === 'sft'
      ? rows.filter(({ id, trace }) => trace !== null && id !== 'marked')
      : rows.filter(({ answer }) => answer !== null)
  const pictures = wanted.reduce((sum, row) => sum + row.images.length, 0)
  if (found.rows !== wanted.length || found.pictures !== pictures)
    return `${wanted.length} rows with ${pictures} pictures were written`
  const texts = wanted.map((row) => (kind === 'sft' ? (row.trace ?? '') : groundTruth(row, 'packed')))
  const got = (kind === 'sft' ? found.learned : found.references) ?? []
  const differing = texts.filter((text, index) => !(got[index] ?? '').startsWith(text))
  return differing.length === 0 ? null : `read otherwise: ${differing.join(' | ')}`
}

await main()

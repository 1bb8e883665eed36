import { Command, Option } from 'commander'
import { openArtifactStore } from '../../artifacts/store.ts'
import { exportRows, findExportable } from '../../client/export-dataset.ts'
import type { ExportableDataset } from '../../client/export-dataset.ts'
import { answerForms, imageModes } from '../../data/export/format.ts'
import type { AnswerForm, ExportFormat, ExportKind, ImageMode } from '../../data/export/format.ts'
import { nameOf, writeExport } from '../../data/export/write-export.ts'
import type { Exported, ExportOptions } from '../../data/export/write-export.ts'
import type { Database } from '../../db/database.ts'
import { honeHome, homePaths } from '../../services/home.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { formats, formatsOf } from '../../trainers/export-formats.ts'
import type { ExportFormatName } from '../../trainers/export-formats.ts'
import { withDatabase } from '../connections.ts'
import { untilInterrupted } from '../interrupt.ts'
import { jsonOption, wholeNumber } from '../options.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { exportLines } from '../text/export.ts'
import { bytes, count } from '../text/figures.ts'
import { usageError as usage } from '../usage-error.ts'

const help = `
DATASET is CAMPAIGN/ROUND/STEP (or these three as words), source/HASH, or a name that \`hone import\` gave.
  llamafactory  sft      JSON lines and dataset_info.json     pictures copy, link
  easyr1        rl       Parquet: problem, answer, images     pictures embed, copy, link
  verl          rl, sft  Parquet: prompt or messages, images  pictures embed
  trl           sft, rl  Parquet with the Image feature       pictures embed
  swift         sft, rl  JSON lines                           pictures copy, link
  hf-parquet    rows     Parquet of all fields, with a card   pictures embed
  jsonl         rows     lines that \`hone import\` reads       pictures copy, link
The first kind and the first way of pictures are the default. A link is a hard link to Hone's own file, so nothing is
copied; across disks it is a copy. The folder appears whole or not at all. Its hone-manifest.json has hashes, counts and
lineage; hone-refused.jsonl, if rows were left out, has those rows with the reasons.

Examples:
  $ hone export demo/1/select --to llamafactory --output cold-start
  $ hone export demo 2 select --to easyr1 --output rl-data
  $ hone export geometry --to trl --kind rl --max-rows 1000 --output sample
  $ hone export demo/1/verify --to jsonl --status all --images link --output rows
  $ hone export demo/1/select --to verl --kind sft --output sft-data --json | jq .manifest.counts`

interface Flags {
  to: ExportFormatName
  output: string
  kind?: 'sft' | 'rl'
  images?: ImageMode
  status: 'kept' | 'all'
  answers: AnswerForm
  promptSuffix?: string
  maxRows?: number
  shardSize: number
  replace?: boolean
  json?: boolean
}

/** Bytes of a megabyte, as `--shard-size` counts them. */
const megabyte = 1_000_000

/**
 * `hone export DATASET --to FORMAT --output DIR`: a dataset as files that a trainer's own loader
 * reads.
 */
export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description("Write a dataset as files that a trainer's own loader reads, with their hashes and lineage.")
    .argument('<dataset...>', 'CAMPAIGN/ROUND/STEP, source/HASH, or the name of an import')
    .addOption(
      new Option('--to <format>', 'the product that reads the files')
        .choices(Object.keys(formats))
        .makeOptionMandatory(),
    )
    .requiredOption('-o, --output <folder>', 'folder to make')
    .addOption(new Option('--kind <kind>', 'traces to imitate, or questions to practise on').choices(['sft', 'rl']))
    .addOption(new Option('--images <how>', 'where the pictures go').choices(imageModes))
    .addOption(
      new Option('--status <which>', 'all: also dropped and failed rows, marked as such (hf-parquet, jsonl)')
        .choices(['kept', 'all'])
        .default('kept'),
    )
    .addOption(
      new Option('--answers <form>', 'plain: the bare answer, for a reward of your own (easyr1, verl, swift)')
        .choices(answerForms)
        .default('packed'),
    )
    .option('--prompt-suffix <text>', "what follows each question (default: as the campaign's recipe says)")
    .option('--max-rows <number>', 'export at most this many rows', wholeNumber)
    .option('--shard-size <megabytes>', 'size at which a Parquet file ends', wholeNumber, 500)
    .option('--replace', 'write over an earlier export in that folder')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (words: string[], flags: Flags) => {
      const choice = chosen(flags)
      const exported = await withDatabase(terminal, async (db) => {
        const { promptSuffix, ...exportable } = await findExportable(db, words)
        return await exportDataset(terminal, db, exportable, flags, {
          ...choice,
          promptSuffix: flags.promptSuffix ?? promptSuffix,
        })
      })
      printResult(terminal, flags, exported, () => exportLines(exported))
    })
}

/** Writes the export with progress, until Ctrl-C. */
async function exportDataset(
  terminal: Terminal,
  db: Database,
  { source, policy }: Omit<ExportableDataset, 'promptSuffix'>,
  { status, maxRows, json }: Flags,
  options: ExportOptions,
): Promise<Exported> {
  const store = await openArtifactStore(homePaths(honeHome(terminal.env)).artifacts)
  const progress = json === true ? quietProgress : createProgress(terminal.stderr)
  const total = count(Math.min(source.rows, maxRows ?? source.rows))
  progress.start(`export ${nameOf(source)}`)
  try {
    const made = await untilInterrupted(terminal, (signal) =>
      writeExport(source, exportRows(db, source.id, { status, policy }), store, {
        ...options,
        signal,
        onProgress: (rows, size) => progress.update(`${count(rows)} of ${total} rows, ${bytes(size)}`),
      }),
    )
    progress.done(`${count(made.manifest.counts.exported)} rows`)
    return made
  } catch (error) {
    progress.fail()
    throw error
  }
}

/**
 * What the flags ask for, with the format's defaults. Throws InvalidInput for what a format cannot
 * do.
 */
function chosen(flags: Flags): Omit<ExportOptions, 'promptSuffix'> {
  const { to, output, status, answers, replace, maxRows, shardSize } = flags
  const format: ExportFormat = formats[to]
  const kind: ExportKind = flags.kind ?? format.kinds[0] ?? 'rows'
  const images = flags.images ?? format.images[0] ?? 'copy'
  if (flags.kind !== undefined && !format.kinds.includes(kind)) {
    if (format.kinds.includes('rows'))
      throw usage(`${to} holds rows as they are.`, 'Leave --kind out, or choose a trainer with --to.')
    throw usage(
      `${to} trains only by ${format.kinds.join(' and ')}, not ${kind}.`,
      `For ${kind}: --to ${formatsOf(kind).join(', ')}.`,
    )
  }
  if (!format.images.includes(images))
    throw usage(`${to} cannot have its pictures as ${images}.`, `Give --images ${format.images.join(' or ')}.`)
  if (status === 'all' && !format.takesDropped)
    throw usage(
      `${to} has no place for the status of a row: dropped rows would be trained on.`,
      'Leave --status out, or take all rows as they are: --to hf-parquet or jsonl.',
    )
  if (maxRows === 0) throw usage('--max-rows 0 would export nothing.', 'Give a number above 0, or leave it out.')
  if (shardSize === 0) throw usage('A file cannot have 0 megabytes.', 'Give --shard-size 500, for example.')
  const shardBytes = shardSize * megabyte
  const limits = { maxRows: maxRows ?? null, shardBytes }
  return { to, format, formatsOf, kind, images, status, answers, ...limits, output, replace: replace === true }
}

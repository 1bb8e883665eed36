import { join } from 'node:path'
import { Command, Option } from 'commander'
import { openArtifactStore } from '../../artifacts/store.ts'
import { exportRows, findExportable } from '../../client/export-dataset.ts'
import { answerForms, imageModes } from '../../data/export/format.ts'
import type { AnswerForm, ExportFormat, ExportKind, ImageMode } from '../../data/export/format.ts'
import { manifestFile, nameOf, writeExport, type Exported, type ExportOptions } from '../../data/export/write-export.ts'
import { HoneError } from '../../domain/errors.ts'
import { honeHome, homePaths } from '../../services/home.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import { formats, formatsOf } from '../../trainers/export-formats.ts'
import type { ExportFormatName } from '../../trainers/export-formats.ts'
import { withDatabase } from '../connections.ts'
import { untilInterrupted } from '../interrupt.ts'
import { wholeNumber } from '../options.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const HELP = `
DATASET is CAMPAIGN/ROUND/STEP (or these three as words), source/HASH, or a name that \`hone import\` gave.
  llamafactory  sft      JSON lines and dataset_info.json     pictures copy, link
  easyr1        rl       Parquet: problem, answer, images     pictures embed, copy, link
  verl          rl, sft  Parquet: prompt or messages, images  pictures embed
  trl           sft, rl  Parquet with the Image feature       pictures embed
  swift         sft, rl  JSON lines                           pictures copy, link
  hf-parquet    rows     Parquet of all fields, with a card   pictures embed
  jsonl         rows     lines that \`hone import\` reads       pictures copy, link
The first kind and the first way of pictures are the default. A link is a hard link to Hone's own file, so nothing is
copied; across disks it is a copy. The folder appears whole or not at all. hone-manifest.json in it tells hashes, counts
and lineage; hone-refused.jsonl, if there is one, the rows that were left out with the reasons.

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

/** `hone export DATASET --to FORMAT --output DIR`: a dataset as files that a trainer's own loader reads. */
export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description("Write a dataset as files that a trainer's own loader reads, with their hashes and lineage.")
    .argument('<dataset...>', 'CAMPAIGN/ROUND/STEP, source/HASH, or the name of an import')
    .addOption(new Option('--to <format>', 'who shall read it').choices(Object.keys(formats)).makeOptionMandatory())
    .requiredOption('-o, --output <folder>', 'folder to make')
    .addOption(new Option('--kind <kind>', 'traces to imitate, or questions to practise on').choices(['sft', 'rl']))
    .addOption(new Option('--images <how>', 'where the pictures go').choices(imageModes))
    .addOption(
      new Option('--status <which>', 'all: rows too that were dropped or failed, marked (hf-parquet, jsonl)')
        .choices(['kept', 'all'])
        .default('kept'),
    )
    .addOption(
      new Option('--answers <form>', 'plain: the bare answer, for a reward of your own (easyr1, verl, swift)')
        .choices(answerForms)
        .default('packed'),
    )
    .option('--prompt-suffix <text>', "what follows each question (default: as the campaign's recipe says)")
    .option('--max-rows <number>', 'stop after so many rows', wholeNumber)
    .option('--shard-size <megabytes>', 'a Parquet file ends at so many', wholeNumber, 500)
    .option('--replace', 'write over an earlier export in that folder')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (words: string[], flags: Flags) => {
      const choice = chosen(flags)
      const exported = await withDatabase(terminal, async (db) => {
        const { source, promptSuffix } = await findExportable(db, words)
        const store = await openArtifactStore(homePaths(honeHome(terminal.env)).artifacts)
        const progress = flags.json === true ? quietProgress : createProgress(terminal.stderr)
        const total = Math.min(source.rows, flags.maxRows ?? source.rows).toLocaleString('en')
        progress.start(`export ${nameOf(source)}`)
        return untilInterrupted(terminal, (signal) =>
          writeExport(source, exportRows(db, source.id, flags.status), (hash) => store.imagePath(hash), {
            ...choice,
            promptSuffix: flags.promptSuffix ?? promptSuffix,
            signal,
            onProgress: (rows, bytes) =>
              progress.update(`${rows.toLocaleString('en')} of ${total} rows, ${sizeText(bytes)}`),
          }).then(
            (made) => {
              progress.done(`${made.manifest.counts.exported.toLocaleString('en')} rows`)
              return made
            },
            (error: unknown) => {
              progress.fail()
              throw error
            },
          ),
        )
      })
      if (flags.json === true) printJson(terminal, exported)
      else print(terminal, ...summary(exported))
    })
}

/** What was asked for, with each format's own defaults. Throws InvalidInput for what a format cannot do. */
function chosen(flags: Flags): Omit<ExportOptions, 'promptSuffix'> {
  const { to, output, status, answers, replace, maxRows, shardSize } = flags
  const format: ExportFormat = formats[to]
  const kind: ExportKind = flags.kind ?? format.kinds[0] ?? 'rows'
  const images = flags.images ?? format.images[0] ?? 'copy'
  if (flags.kind !== undefined && !format.kinds.includes(kind)) {
    if (format.kinds.includes('rows'))
      throw usage(`${to} holds rows as they are.`, 'Leave --kind out, or choose a trainer with --to.')
    throw usage(
      `${to} trains by ${format.kinds.join(' and ')} alone, not ${kind}.`,
      `For ${kind}: --to ${formatsOf(kind).join(', ')}.`,
    )
  }
  if (!format.images.includes(images))
    throw usage(`${to} cannot have its pictures as ${images}.`, `Give --images ${format.images.join(' or ')}.`)
  if (status === 'all' && !format.takesDropped)
    throw usage(
      `${to} has no place for what became of a row: dropped ones would be trained on.`,
      'Leave --status out, or take all rows as they are: --to hf-parquet or jsonl.',
    )
  if (maxRows === 0) throw usage('--max-rows 0 would export nothing.', 'Give a number above 0, or leave it out.')
  if (shardSize === 0) throw usage('A file cannot have 0 megabytes.', 'Give --shard-size 500, for example.')
  const shardBytes = shardSize * megabyte
  const limits = { maxRows: maxRows ?? null, shardBytes }
  return { to, format, formatsOf, kind, images, status, answers, ...limits, output, replace: replace === true }
}

function summary({ manifest, folder, usage: lines, copiedInstead }: Exported): string[] {
  const { counts, files, pictures, dataset } = manifest
  const refused = Object.entries(counts.refused).map(([reason, count]) => `${reason} ${count}`)
  const rowFiles = files.filter(({ rows, path }) => rows !== null && path !== 'hone-refused.jsonl')
  const bytes = rowFiles.reduce((sum, file) => sum + file.bytes, 0)
  return [
    `${counts.exported.toLocaleString('en')} rows of ${nameOf(dataset)} in ${folder}`,
    `  ${rowFiles.length === 1 ? rowFiles[0]?.path : `${rowFiles.length} files, ${rowFiles[0]?.path} …`}, ${sizeText(bytes)}`,
    ...(pictures
      ? [`  ${pictures.folder}/: ${pictures.count.toLocaleString('en')} pictures, ${sizeText(pictures.bytes)}`]
      : []),
    ...(copiedInstead > 0 ? [`  ${copiedInstead} pictures lie on another disk and were copied`] : []),
    ...(refused.length > 0 ? [`  left out: ${refused.join(', ')}; each one in hone-refused.jsonl`] : []),
    `  hashes, counts and lineage: ${join(folder, manifestFile)}`,
    '',
    ...lines.map((line) => `  ${line}`),
  ]
}

const sizeText = (bytes: number): string =>
  bytes >= 1e9
    ? `${(bytes / 1e9).toFixed(1)} GB`
    : bytes >= 1e6
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${Math.ceil(bytes / 1e3)} kB`

const usage = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep })

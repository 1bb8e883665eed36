import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { openArtifactStore } from '../../artifacts/store.ts'
import { dryRun } from '../../client/dry-run.ts'
import { runImport } from '../../client/import-source.ts'
import type { Imported } from '../../client/import-source.ts'
import { prepareImport } from '../../client/prepare-import.ts'
import type { Prepared } from '../../client/prepare-import.ts'
import { importFormats } from '../../data/import/detect.ts'
import type { ImportFormat } from '../../data/import/detect.ts'
import { listImports } from '../../db/imports.ts'
import type { FailedRowsLimit } from '../../domain/failed-rows.ts'
import { stepName } from '../../domain/ids.ts'
import { ensureFolder, honeHome, homePaths } from '../../services/home.ts'
import { findPostgres } from '../../services/postgres.ts'
import { createProgress, quietProgress } from '../../services/progress.ts'
import type { Progress } from '../../services/progress.ts'
import { notRunning, withDatabase } from '../connections.ts'
import { dryRunJson, dryRunLines, importedLines, listLines, progressText } from '../text/import.ts'
import { untilInterrupted } from '../interrupt.ts'
import { failureLimit, repeated, wholeNumber } from '../options.ts'
import { print, printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone import geometry3k/ --as geometry --dry-run          what is what, five rows, what would be dropped
  $ hone import geometry3k/ --as geometry --split train
  $ hone import "shards/*.parquet" --as pool --max-rows 10000
  $ hone import cold.json --as cold --images pictures/ --mapping map.yaml
  $ hone import photos.zip --as photos                       a row a picture, questions come later
  $ hone import --list

Reads JSONL, JSON, CSV, Parquet, folders of pictures, zip and tar, and folders in Hugging Face's or LLaMA-Factory's layout.
A recipe then says "path: import:NAME". The mapping is guessed; --dry-run prints it, and --mapping takes it back.
Rows that cannot be used are kept as failed rows with their reason. The same import again finds what is there, and an
interrupted one goes on.`

interface Options {
  as?: string
  mapping?: string
  format?: ImportFormat
  split?: string
  images: string[]
  maxRows?: number
  maxFailed: FailedRowsLimit
  skipUnreachable?: boolean
  allowUrls?: boolean
  allowLocalUrls?: boolean
  dryRun?: boolean
  replace?: boolean
  list?: boolean
  json?: boolean
}

/** `hone import SOURCE --as NAME`, `hone import SOURCE --dry-run`, `hone import --list`. */
export function importCommand(terminal: Terminal): Command {
  return new Command('import')
    .description("Bring a source of pictures and questions into this home's database, under a name for recipes.")
    .argument('[source...]', 'file, files of one format, pattern, folder or archive')
    .option('--as <name>', 'name of the import; recipes say "path: import:NAME"', importName)
    .option('--mapping <file>', 'YAML that says which column is what (default: guessed)')
    .option('--dry-run', 'show the mapping, five rows and what of the first 1,000 would fail; writes nothing')
    .option('--max-rows <n>', 'only so many records, from the top', wholeNumber)
    .addOption(
      new Option('--format <format>', 'how the files are read (default: by their names)').choices(importFormats),
    )
    .option('--split <name>', "part of a folder: a split, or a name of LLaMA-Factory's dataset_info.json")
    .option(
      '--images <folder>',
      "folder of the pictures, instead of the source's own; may be given again",
      repeated,
      [],
    )
    .option('--allow-urls', 'fetch pictures that are http(s) URLs of public addresses')
    .option('--allow-local-urls', 'fetch them from this machine and its network too')
    .option('--skip-unreachable', 'end although pictures of some URLs cannot be fetched now: their rows fail')
    .addOption(
      new Option('--max-failed <count>', 'refuse the import when more rows fail: a number, or a share as 5%')
        .argParser(failureLimit)
        .default({ share: 0.05 }, '5%'),
    )
    .option('--replace', 'give the name to this data although it belongs to other data')
    .option('--list', 'list imports with rows, failed rows, pictures and date')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(async (sources: string[], options: Options) => {
      if (options.list === true) return listAll(terminal, sources, options)
      if (sources.length === 0) throw usage('Name a source to import.')
      if (options.as === undefined && options.dryRun !== true) throw usage('Give the import a name with --as NAME.')
      if (options.maxRows === 0) throw usage('--max-rows 0 would import nothing.')
      const progress = options.json === true ? quietProgress : createProgress(terminal.stderr)
      await untilInterrupted(terminal, (signal) => importNow(terminal, sources, options, { progress, signal }))
    })
}

async function listAll(terminal: Terminal, sources: readonly string[], { json }: Options): Promise<void> {
  if (sources.length > 0) throw usage('--list takes no source.')
  const imports = await withDatabase(terminal, listImports)
  if (json === true) printJson(terminal, { imports })
  else print(terminal, ...listLines(imports))
}

async function importNow(
  terminal: Terminal,
  sources: readonly string[],
  options: Options,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<void> {
  const home = homePaths(honeHome(terminal.env)).root
  // Said before an archive is unpacked for minutes.
  if (options.dryRun !== true && findPostgres(home, terminal.env) === null) throw notRunning('Hone', home)
  const { mapping: mappingFile, images, allowUrls, allowLocalUrls, format, split, as: name } = options
  progress.start(name === undefined ? 'import' : `import ${name}`)
  let prepared: Prepared | null = null
  try {
    ensureFolder(home)
    prepared = await prepareImport({
      sources,
      mappingFile,
      images,
      allowUrls: allowLocalUrls === true ? 'local' : allowUrls === true ? 'public' : false,
      format,
      split,
      signal,
      unpackBelow: join(home, 'imports'),
      onProgress: (text) => progress.update(text),
    })
    if (options.dryRun === true || name === undefined) {
      const seen = await dryRun(prepared, { maxRows: options.maxRows, signal })
      progress.done(`${seen.looked} rows looked at`)
      if (options.json === true) printJson(terminal, dryRunJson(prepared, seen))
      else print(terminal, ...dryRunLines(prepared, seen, options.maxFailed))
      return
    }
    const imported = await importPrepared(terminal, prepared, { ...options, name, home, progress, signal, sources })
    progress.done(imported.importedBefore ? 'imported before' : 'imported')
    if (options.json === true) printJson(terminal, imported)
    else print(terminal, ...importedLines(imported, prepared.notes))
  } catch (error) {
    progress.fail()
    throw signal.aborted ? signal.reason : error
  } finally {
    await prepared?.close()
  }
}

async function importPrepared(
  terminal: Terminal,
  prepared: Prepared,
  options: Options & {
    name: string
    home: string
    progress: Progress
    signal: AbortSignal
    sources: readonly string[]
  },
): Promise<Imported> {
  const { name, home, progress, signal, sources, replace = false, maxRows, maxFailed } = options
  const { skipUnreachable = false } = options
  return await withDatabase(terminal, async (db) => {
    const store = await openArtifactStore(join(home, 'artifacts'))
    const began = performance.now()
    const path = sources.length === 1 ? (sources[0] ?? '') : `${sources[0] ?? ''} and ${sources.length - 1} more`
    const onProgress: Parameters<typeof runImport>[1]['onProgress'] = (counts) =>
      progress.update(progressText(counts, (performance.now() - began) / 1000))
    const limits = { maxRows, maxFailed, skipUnreachable }
    return await runImport(prepared, { db, store, name, path, replace, ...limits, signal, onProgress })
  })
}

function importName(text: string): string {
  const parsed = stepName.safeParse(text)
  if (parsed.success) return text
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Give another name.')
}

const usage = (message: string) => usageError(message, 'See: hone help import')

import { Command } from 'commander'
import { datasetStatistics } from '../../data/statistics/dataset-statistics.ts'
import { reflectionWords } from '../../data/statistics/reflections.ts'
import type { Database } from '../../db/database.ts'
import { getDataset, listSources, resolveDataset } from '../../db/datasets.ts'
import { getRound, listRounds } from '../../db/rounds.ts'
import { streamRows } from '../../db/rows.ts'
import { datasetOfStep } from '../../db/step-progress.ts'
import { stepViews } from '../../db/round-views.ts'
import { HoneError } from '../../domain/errors.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { repeated } from '../repeated.ts'
import { fileStatistics } from '../stats/file-statistics.ts'
import { statisticsLines, type NamedStatistics } from '../text/stats.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone stats demo
  $ hone stats demo 1 --step describe --step reason --step clean
  $ hone stats cold-start.jsonl
  $ hone stats before.jsonl after.jsonl --word wait --word "but wait"
  $ hone stats demo --step synthesize --json | jq '.datasets[0].diversity.abilities'

A column stands for a dataset: kept rows of a step or source of the round (the last one when none is named; all complete
datasets without --step). A file's name has a point or a slash in it. It holds one JSON object a line, with messages,
conversations, or question and trace (or response), and needs no database. Words a trace and reflection words are those of
the reasoning inside the think tags. Variety is that of the questions, each counted once however many traces it has.`

interface Options {
  step: string[]
  word: string[]
  json?: boolean
}

/** What `hone stats --json` prints. */
export interface StatsReport {
  campaign: string | null
  round: number | null
  datasets: NamedStatistics[]
}

/** `hone stats CAMPAIGN [ROUND]` and `hone stats FILE…`: datasets in figures. */
export function statsCommand(terminal: Terminal): Command {
  return new Command('stats')
    .description(
      'Datasets in figures: lengths and reflection words of traces, abilities, types and variety of questions.',
    )
    .argument('<of>', 'id of a campaign, or a JSONL file (- is standard input)')
    .argument('[more...]', "number of the campaign's round, or further files")
    .option('--step <name>', 'a step or source of the round; again for one more column', repeated, [])
    .option(
      '--word <text>',
      `a reflection word to count; again for more (default: ${reflectionWords.join(', ')})`,
      repeated,
      [],
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (of: string, more: string[], options: Options) => {
      const words = options.word.filter((word) => word.trim() !== '')
      const counted = words.length > 0 ? words : reflectionWords
      const report = isFile(of)
        ? await filesReport(terminal, [of, ...more], options, counted)
        : await withDatabase(terminal, (db) => roundReport(db, of, more, options, counted))
      if (options.json === true) printJson(terminal, report)
      else print(terminal, ...statisticsLines(report.datasets))
    })
}

/** No campaign has a point or a slash in its name, and hardly a file of rows has neither. */
const isFile = (name: string): boolean => name === '-' || /[./\\]/.test(name)

async function filesReport(
  { stdin }: Terminal,
  paths: readonly string[],
  { step }: Options,
  words: readonly string[],
): Promise<StatsReport> {
  if (step.length > 0) throw usage('--step names a step of a campaign; a file has none.')
  if (paths.filter((path) => path === '-').length > 1) throw usage('Standard input can be read once.')
  const datasets: NamedStatistics[] = []
  for (const path of paths) datasets.push({ name: path, ...(await fileStatistics(path, stdin, words)) })
  return { campaign: null, round: null, datasets }
}

async function roundReport(
  db: Database,
  named: string,
  [roundText, ...rest]: readonly string[],
  { step }: Options,
  words: readonly string[],
): Promise<StatsReport> {
  if (rest.length > 0 || (roundText !== undefined && !/^\d{1,9}$/.test(roundText)))
    throw usage(`After a campaign comes the number of a round, not "${[roundText, ...rest].join(' ')}".`)
  const { id: campaign } = await chooseCampaign(db, named)
  const round = roundText === undefined ? ((await listRounds(db, campaign)).at(-1)?.number ?? 0) : Number(roundText)
  if (roundText !== undefined) await getRound(db, campaign, round)
  const names = step.length > 0 ? [...new Set(step)] : await completeDatasets(db, campaign, round)
  if (names.length === 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Round ${round} of ${campaign} has no complete dataset yet.`,
      nextStep: `See how far it is with \`hone status ${campaign}\`, or name an earlier round.`,
    })
  // All names first: a wrong one is told at once, not after minutes of counting.
  const ids: { name: string; id: string }[] = []
  for (const name of names) ids.push({ name, id: await resolveDataset(db, campaign, round, name) })
  const datasets: NamedStatistics[] = []
  for (const { name, id } of ids) datasets.push({ name, ...(await datasetStatistics(streamRows(db, id), words)) })
  return { campaign, round, datasets }
}

/** Sources, then steps of the round in order, whose datasets are complete. */
async function completeDatasets(db: Database, campaign: string, round: number): Promise<string[]> {
  const sources = (await listSources(db, campaign)).filter(({ role }) => role === 'source')
  const names = sources.flatMap(({ name, dataset }) => (dataset.sealedAt === null ? [] : [name]))
  for (const { id, name } of await stepViews(db, campaign, round)) {
    const datasetId = await datasetOfStep(db, id)
    if (datasetId !== null && (await getDataset(db, datasetId)).sealedAt !== null) names.push(name)
  }
  return names
}

const usage = (message: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep: 'See: hone help stats' })

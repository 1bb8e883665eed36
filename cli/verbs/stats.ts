import { Command } from 'commander'
import { reflectionWords } from '../../data/statistics/reflections.ts'
import { roundStatistics } from '../../views/dataset-statistics.ts'
import { chooseCampaign } from '../choose-campaign.ts'
import { withDatabase } from '../connections.ts'
import { isRoundNumber, jsonOption, repeated } from '../options.ts'
import { fileStatistics } from '../stats/file-statistics.ts'
import { printResult } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { statisticsLines } from '../text/stats.ts'
import type { StatisticsColumn } from '../text/stats.ts'
import { usageError } from '../usage-error.ts'

const examples = `
Examples:
  $ hone stats demo
  $ hone stats demo 1 --step describe --step reason --step clean
  $ hone stats cold-start.jsonl
  $ hone stats before.jsonl after.jsonl --word wait --word "but wait"
  $ hone stats demo --step synthesize --json | jq '.datasets[0].diversity.abilities'

A column is a dataset: the kept rows of a step or source of the round. Without a round it is the newest round; without
--step the columns are all complete datasets. A file's name has a point or a slash in it. A file holds one JSON object a
line, with messages, conversations, or question and trace (or response), and needs no database. Words a trace and
reflection words are those of the reasoning inside the think tags. Variety is that of the questions: each question
counts once, however many traces it has.`

interface Options {
  step?: string[]
  word?: string[]
  json?: boolean
}

/** What `hone stats --json` prints. */
export interface StatsReport {
  campaign: string | null
  round: number | null
  datasets: StatisticsColumn[]
}

/** `hone stats CAMPAIGN [ROUND]` and `hone stats FILE…`: datasets in figures. */
export function statsCommand(terminal: Terminal): Command {
  return new Command('stats')
    .description(
      'Datasets in figures: lengths and reflection words of traces, abilities, types and variety of questions.',
    )
    .argument('<of>', 'id of a campaign, or a JSONL file (- is standard input)')
    .argument('[more...]', "number of the campaign's round, or further files")
    .option('--step <name>', 'a step or source of the round; again for one more column', repeated)
    .option(
      '--word <text>',
      `a reflection word to count; again for more (default: ${reflectionWords.join(', ')})`,
      repeated,
    )
    .addOption(jsonOption())
    .addHelpText('after', examples)
    .action(async (of: string, more: string[], options: Options) => {
      const own = options.word?.filter((word) => word.trim() !== '') ?? []
      const words = own.length > 0 ? own : reflectionWords
      const report = isFile(of)
        ? await filesReport(terminal, [of, ...more], options, words)
        : await campaignReport(terminal, of, more, options, words)
      printResult(terminal, options, report, () => statisticsLines(report.datasets))
    })
}

/** No campaign has a point or a slash in its name, and hardly a file of rows has neither. */
const isFile = (name: string): boolean => name === '-' || /[./\\]/.test(name)

async function filesReport(
  { stdin }: Terminal,
  paths: readonly string[],
  { step = [] }: Options,
  words: readonly string[],
): Promise<StatsReport> {
  if (step.length > 0) throw usage('--step names a step of a campaign; a file has no steps.')
  if (paths.filter((path) => path === '-').length > 1) throw usage('Standard input can be read once.')
  const datasets: StatisticsColumn[] = []
  for (const path of paths) datasets.push({ name: path, ...(await fileStatistics(path, stdin, words)) })
  return { campaign: null, round: null, datasets }
}

async function campaignReport(
  terminal: Terminal,
  named: string,
  [round, ...rest]: readonly string[],
  { step = [] }: Options,
  words: readonly string[],
): Promise<StatsReport> {
  if (rest.length > 0 || (round !== undefined && !isRoundNumber(round)))
    throw usage(`After a campaign comes the number of a round, not "${[round, ...rest].join(' ')}".`)
  return await withDatabase(terminal, async (db) => {
    const { id } = await chooseCampaign(db, named)
    return await roundStatistics(db, id, { round: round === undefined ? undefined : Number(round), names: step, words })
  })
}

const usage = (message: string) => usageError(message, 'See: hone help stats')

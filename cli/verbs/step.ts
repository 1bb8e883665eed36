import { Command, InvalidArgumentError, Option } from 'commander'
import { dryRunFileStep } from '../../data/file-steps/dry-run.ts'
import type { NamedFile } from '../../data/file-steps/evidence.ts'
import type { FileStep, FileStepEnd } from '../../data/file-steps/file-step.ts'
import { createProgress } from '../../data/file-steps/progress.ts'
import { runFileStep, stateFolder } from '../../data/file-steps/run-file.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import type { DataStep } from '../../data/steps/step.ts'
import type { FailedRowsLimit } from '../../domain/failed-rows.ts'
import { providerNames } from '../../domain/recipe/provider-names.ts'
import { usualMaxPixels } from '../../domain/recipe/recipe.ts'
import { readBudget } from '../budget.ts'
import { untilInterrupted } from '../interrupt.ts'
import { failureLimit, positiveSeconds, repeated, wholeNumber } from '../options.ts'
import { stepEndpoints } from '../step/endpoints.ts'
import { doneText, endedBy, exitCodeOf, goOnText } from '../step/ends.ts'
import type { EndpointFlags } from '../step/endpoints.ts'
import { checkFiles } from '../step/files.ts'
import { badUsage, isOptional, readStepOptions, dataStepCalled } from '../step/options.ts'
import { showProgress } from '../step/progress.ts'
import { dryRunLines, summary, summaryLines } from '../step/report.ts'
import { exitCodes, Interrupted, print, printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { withUnfinished } from '../unfinished.ts'
import { honeVersion } from '../../models/http/hone-version.ts'
import { control } from '../../services/safe-output.ts'

const help = `
Steps:
${Object.entries(dataSteps)
  .map(([name, { summary }]) => `  ${name.padEnd(17)}${summary}`)
  .join('\n')}

Each line of --input is a row, a JSON object: {"id", "images", "question", "answer", …}. Rows that an earlier step has dropped
or failed (by their "status") are passed over. --output has the rows in the same order, each with "status" (kept, dropped,
failed), "reason", "detail", "parent" and "requests". It can be the --input of the next step.

Finished rows and replies are kept in OUTPUT.hone at once. After Ctrl-C, a crash or kill -9 the same command goes on, and asks
again only for requests that were under way. Replies are found by their request, so other options pay only for changes.

Examples:
  $ hone step describe --input rows.jsonl --endpoint http://localhost:8000/v1 --model qwen-vl --output described.jsonl
  $ hone step reason --input described.jsonl --endpoint https://api.example/v1 --model r1 --api-key-env API_KEY \\
      --set samples=4 --price-prompt 0.5 --price-completion 2 --budget cost=20,tokens=5m --output reasoned.jsonl
  $ hone step describe --input rows.jsonl --provider openrouter --model qwen/qwen2.5-vl-72b-instruct --output described.jsonl
  $ hone step describe --input rows.jsonl --endpoints endpoints.yaml --output described.jsonl
  $ hone step verify --input reasoned.jsonl --output verified.jsonl
  $ hone step agree --input described.jsonl --endpoint http://gpu1:8000/v1 --endpoint reasoner=http://gpu2:8000/v1 \\
      --model qwen-vl --model reasoner=r1 --output agreed.jsonl
  $ hone step mix --input a.jsonl --input b.jsonl --set 'weights=[3, 1]' --output mixed.jsonl

Exit codes: 0 all rows done; 1 failed, also when every row failed; 2 wrong usage or input; 4 the budget is spent; 130 Ctrl-C.`

interface StepFlags extends EndpointFlags {
  input: string[]
  output?: string
  rejects?: string
  state?: string
  replies?: string
  set: string[]
  options?: string
  seed: number
  promptSuffix: string
  maxRows?: number
  maxFailed?: FailedRowsLimit
  retryFailed?: boolean
  budget?: string[]
  evidence: string[]
  benchmark: string[]
  dryRun?: boolean
  json?: boolean
}

/** `hone step`: needs no campaign, no database and no Temporal. */
export function stepCommand(terminal: Terminal): Command {
  return new Command('step')
    .description('Run one data step on a file of rows, with the engine of campaigns: resumable, and never paid twice.')
    .argument('<name>', 'the step, e.g. describe')
    .option('-i, --input <file>', 'rows as JSONL; - is standard input; may be repeated', repeated, [])
    .option('-o, --output <file>', 'rows as JSONL; there when all rows are done, OUTPUT.partial until then')
    .option('--rejects <file>', 'dropped and failed rows go here (default: into the output too)')
    .option('--endpoint <url>', 'server, up to /v1; NAME=URL for one of several models; may be repeated', repeated, [])
    .option(
      '--provider <name>',
      `preset of a provider: ${providerNames.join(', ')}; NAME=PROVIDER for one`,
      repeated,
      [],
    )
    .option('--endpoints <file>', 'endpoints as YAML, as in a recipe: headers, proxies, streams, batches, …')
    .option('--model <name>', 'model as the server knows it; NAME=MODEL for one of several', repeated, [])
    .option('--api-key-env <variable>', 'variable that holds the key; NAME=VARIABLE for one of several', repeated, [])
    .option('--concurrency <count>', 'requests at one time to each server', concurrency, 16)
    .option('--timeout <seconds>', 'seconds that one request may take', positiveSeconds, 120)
    .option('--rpm <count>', 'requests a minute of each model at most', amount)
    .option('--tpm <count>', 'tokens a minute of each model at most', amount)
    .addOption(
      new Option('--mode <mode>', "batch: through the provider's batch API, cheaper and slower").choices([
        'live',
        'batch',
      ]),
    )
    .option('--image-max-pixels <count>', 'larger pictures are shrunk before they are sent', countable, usualMaxPixels)
    .option(
      '--image-patch <pixels>',
      "sides of pictures that are shrunk: 28 for Qwen2.5-VL's, 32 for Qwen3-VL's",
      countable,
    )
    .option('--set <key=value>', 'an option of the step; may be repeated', repeated, [])
    .option('--options <file>', 'options of the step as YAML; --set goes before them')
    .option('--seed <number>', 'seed of samples and of order', wholeNumber, 1)
    .option('--prompt-suffix <text>', 'appended to every question that the trained model sees', '')
    .option('--evidence <name=file>', 'rows that the step weighs as a whole; may be repeated', repeated, [])
    .option('--benchmark <name=file>', 'benchmark rows that the step compares with; may be repeated', repeated, [])
    .option('--max-rows <count>', 'only so many rows, from the top', countable)
    .option('--max-failed <count>', 'end when more rows have failed: a number, or a share as 5%', failureLimit)
    .option('--retry-failed', 'work again on rows that failed in an earlier run')
    .option(
      '--price-prompt <amount>',
      'what a million prompt tokens cost; NAME=AMOUNT for one of several',
      repeated,
      [],
    )
    .option('--price-completion <amount>', 'what a million completion tokens cost', repeated, [])
    .option(
      '--budget <limits>',
      'end when so much is spent over all runs on this output: 20, or cost=20,tokens=1m',
      repeated,
    )
    .option('--replies <file>', 'log of replies to share with other steps (default: one in the state)')
    .option('--state <folder>', 'what is needed to go on (default: OUTPUT.hone)')
    .option('--dry-run', 'show counts and the first request; send and write nothing')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', help)
    .action(async (name: string, flags: StepFlags) => {
      const file = await fileStep(name, flags, terminal)
      process.exitCode = await untilInterrupted(terminal, (signal) =>
        flags.dryRun === true
          ? dryRun({ ...file, signal }, flags, terminal)
          : run(name, { ...file, signal }, flags, terminal),
      )
    })
}

type Unstarted = Omit<FileStep, 'signal'>

/** The command line as a step to run. Throws InvalidInput. */
async function fileStep(name: string, flags: StepFlags, terminal: Terminal): Promise<Unstarted> {
  const step = dataStepCalled(name)
  const { input, output, rejects } = flags
  const budget = flags.budget && readBudget(flags.budget)
  if (input.length === 0) throw badUsage('No input is given.', 'Add --input FILE; - is standard input.')
  if (output === undefined && flags.dryRun !== true) throw badUsage('No output is given.', 'Add --output FILE.')
  if (input.filter((path) => path === '-').length > (flags.dryRun === true ? 0 : 1))
    throw badUsage('Standard input can be read once, and not in a dry run.', 'Write the rows to a file first.')
  if (output === '-') throw badUsage('The output is a file, so that it can be gone on with.', 'Add --output FILE.')
  checkWeighed(name, step, flags)
  if (input.length > 1 && step.per !== 'dataset')
    throw badUsage(`${name} works on one file.`, 'Join the files first: hone step mix --input A --input B --output C.')
  const { endpoints, prices } = await stepEndpoints(name, step, flags)
  if (budget?.cost !== undefined && prices.size < endpoints.length)
    throw badUsage('A budget of money needs prices.', 'Add --price-prompt and --price-completion, per million tokens.')
  const evidence = flags.evidence.map((text) => namedFile('--evidence', text))
  const benchmarks = flags.benchmark.map((text) => namedFile('--benchmark', text))
  const state = flags.state ?? stateFolder(output ?? 'output.jsonl')
  const weighed = [...evidence, ...benchmarks].map(({ path }) => path)
  const alsoRead = weighed.concat(flags.options ?? [], flags.endpoints ?? [])
  checkFiles({ inputs: input, alsoRead, output, rejects, replies: flags.replies, state })
  const options = await readStepOptions(name, step, {
    set: flags.set,
    file: flags.options,
    endpoints: endpoints.map((endpoint) => endpoint.name),
    evidence: evidence.map((file) => file.name),
  })
  return {
    step,
    options,
    endpoints,
    prices,
    evidence,
    benchmarks,
    inputs: input,
    stdin: terminal.stdin,
    output: output ?? 'output.jsonl',
    rejects,
    state,
    replies: flags.replies,
    budget,
    seed: flags.seed,
    promptSuffix: flags.promptSuffix,
    maxRows: flags.maxRows,
    maxFailed: flags.maxFailed,
    retryFailed: flags.retryFailed ?? false,
    version: honeVersion(),
    progress: createProgress(),
    engine: {
      env: terminal.env,
      onWarning(message) {
        if (terminal.stderr.isTTY === true) control(terminal.stderr, '\r\u001B[2K')
        terminal.stderr.write(`${message}\n`)
      },
    },
  }
}

/**
 * Throws InvalidInput when files to weigh are given to a step that weighs nothing, or are missing
 * for a step that does.
 */
function checkWeighed(name: string, step: DataStep, { evidence, benchmark }: StepFlags): void {
  const of = 'evidence' in step && step.evidence ? (step.evidence.of ?? 'named') : null
  if (evidence.length > 0 && of !== 'named') throw badUsage(`${name} weighs no evidence: leave --evidence out.`)
  if (benchmark.length > 0 && of !== 'benchmarks')
    throw badUsage(`${name} compares with no benchmark: leave --benchmark out.`)
  if (benchmark.length === 0 && of === 'benchmarks')
    throw badUsage(
      `${name} compares with benchmarks, and no benchmark is given.`,
      'Add --benchmark NAME=FILE, once for each.',
    )
  if (evidence.length === 0 && of === 'named' && !isOptional(step, 'evidence'))
    throw badUsage(
      `${name} weighs evidence, and no evidence is given.`,
      'Add --evidence NAME=FILE, rows with verdicts or ratings; once for each file.',
    )
}

async function run(name: string, file: FileStep, flags: StepFlags, terminal: Terminal): Promise<number> {
  const began = performance.now()
  const stopShowing = flags.json === true ? () => undefined : showProgress(terminal, name, file.progress)
  let end: FileStepEnd
  try {
    end = await withUnfinished(
      () => ({ message: `Stopped.${doneText(file)}`, nextStep: goOnText }),
      () => runFileStep(file),
    )
  } catch (error) {
    stopShowing()
    if (error instanceof Interrupted) terminal.stderr.write(`Stopped.${doneText(file)} ${goOnText}\n`)
    throw endedBy(error, file)
  }
  stopShowing()
  const seconds = (performance.now() - began) / 1000
  if (flags.json === true) printJson(terminal, summary(name, file, end, seconds))
  else print(terminal, ...summaryLines(name, file, end, seconds))
  return exitCodeOf(end)
}

async function dryRun(file: FileStep, flags: StepFlags, terminal: Terminal): Promise<number> {
  const found = await dryRunFileStep(file)
  if (flags.json === true) {
    printJson(terminal, found)
    return exitCodes.ok
  }
  print(terminal, ...dryRunLines(found))
  return exitCodes.ok
}

function namedFile(flag: string, text: string): NamedFile {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return { name: text.slice(0, at), path: text.slice(at + 1) }
  throw badUsage(`${flag} ${text}: write NAME=FILE.`)
}

function concurrency(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 4096) return count
  throw new InvalidArgumentError('Give a whole number from 1 to 4096.')
}

function countable(text: string): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count > 0) return count
  throw new InvalidArgumentError('Give a whole number from 1 up.')
}

function amount(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('Give a number above 0.')
}

import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Command } from 'commander'
import { describeError, HoneError } from '../domain/errors.ts'
import { readFormat } from '../verifier/format.ts'
import { parseVerifyCase, VERIFIER_VERSION } from '../verifier/verdict.ts'
import type { VerifyCase, VerifyResult } from '../verifier/verdict.ts'
import { resolveKind, verifyCase } from '../verifier/verify.ts'

const EXAMPLES = `
Examples:
  $ hone verify --input cases.jsonl --output verdicts.jsonl
  $ cat cases.jsonl | hone verify --input - --output - > verdicts.jsonl
  $ hone verify --gold 0.5 --answer '\\frac12'
  $ hone verify --gold B --answer 'I choose (B).' --kind choice --explain

Input, one JSON object a line:
  {"id":"1","gold":"3","answer":"<think>…</think> Three. <answer>3</answer>"}
  and optionally "kind" (auto, number, choice, yesno, text), "choices" (texts in order), "precision" (decimals).
Output, in the same order: {"id","verdict","reason","extracted","rule"}.
Exit codes: 0 all rows judged, 2 bad usage or bad input (good rows are judged all the same).`

/** Where the command reads and writes; tests give their own. */
export type VerifyStreams = { stdin: Readable; stdout: Writable; stderr: Writable }

type Options = {
  input?: string
  output?: string
  gold?: string
  answer?: string
  kind?: string
  choices?: string[]
  precision?: string
  explain?: boolean
  json?: boolean
}

type Summary = { rows: number; correct: number; incorrect: number; unverifiable: number; bad: number }

/** `hone verify`: needs no campaign, no database and no Temporal. Sets `process.exitCode`: 0, or 2 for bad usage or input. */
export function verifyCommand(streams: VerifyStreams = process): Command {
  return new Command('verify')
    .description('check answers against gold answers: a JSONL file of cases, or one case')
    .option('-i, --input <file>', 'cases as JSONL; - is standard input')
    .option('-o, --output <file>', 'verdicts as JSONL; - is standard output', '-')
    .option('--gold <text>', 'one case: the gold answer')
    .option('--answer <text>', 'one case: the answer, bare or a whole completion')
    .option('--kind <kind>', 'one case: auto, number, choice, yesno or text')
    .option('--choices <text...>', 'one case: texts of the options, A first')
    .option('--precision <decimals>', 'one case: decimals after the point that count')
    .option('--explain', 'one case: say which rule found the answer and whether the format held')
    .option('--json', 'print the result of one case, or the summary of a file, as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      try {
        process.exitCode = await run(options, streams)
      } catch (error) {
        streams.stderr.write(`${describeError(error)}\n`)
        process.exitCode = 2
      }
    })
}

async function run(options: Options, streams: VerifyStreams): Promise<number> {
  const single = options.gold !== undefined || options.answer !== undefined
  if (single === (options.input !== undefined)) throw usage('Give either --input, or --gold and --answer.')
  if (!single)
    return verifyFile(options, streams).catch((error: unknown) => Promise.reject(asFileError(error, options)))
  if (options.gold === undefined || options.answer === undefined) throw usage('--gold and --answer belong together.')
  return verifyOne(options, streams)
}

function usage(message: string): HoneError {
  return new HoneError({ type: 'InvalidInput', message, nextStep: 'See `hone verify --help` for examples.' })
}

/** A disk that is full or a folder in place of a file, in words. */
function asFileError(error: unknown, { input = '-', output = '-' }: Options): unknown {
  if (error instanceof HoneError || !(error instanceof Error) || !('code' in error)) return error
  return new HoneError({
    type: 'InvalidInput',
    message: `Cannot read ${input} or write ${output}: ${error.message}.`,
    nextStep: 'Check that both are files, their permissions and the space on the disk.',
    cause: error,
  })
}

function verifyOne(options: Options, streams: VerifyStreams): number {
  const row = parseVerifyCase({
    id: 'case',
    gold: options.gold,
    answer: options.answer,
    kind: options.kind,
    choices: options.choices,
    precision: options.precision === undefined ? undefined : Number(options.precision),
  })
  const result = verifyCase(row)
  if (options.json === true) {
    const details = options.explain === true ? { kind: resolveKind(row), format: readFormat(row.answer) } : {}
    streams.stdout.write(`${JSON.stringify({ ...result, ...details, version: VERIFIER_VERSION })}\n`)
  } else {
    streams.stdout.write(`${result.verdict} (${result.reason})\n`)
    if (options.explain === true) streams.stdout.write(explain(row, result))
  }
  return 0
}

function explain(row: VerifyCase, result: VerifyResult): string {
  const format = readFormat(row.answer)
  return [
    `kind         ${resolveKind(row)}`,
    `extracted    ${result.extracted ?? '(nothing)'}`,
    `found by     ${result.rule}`,
    `format       ${format.held ? 'held' : 'not held'}${format.explanation ? ', with an explanation' : ''}`,
    `verifier     ${VERIFIER_VERSION}`,
    '',
  ].join('\n')
}

async function verifyFile(options: Options, streams: VerifyStreams): Promise<number> {
  const { input = '-', output = '-' } = options
  if (input !== '-' && input === output) throw usage('--output would overwrite --input.')
  const source = input === '-' ? streams.stdin : createReadStream(input, 'utf8')
  if (input !== '-') await opened(source, input)
  const sink = output === '-' ? streams.stdout : createWriteStream(output)
  if (output !== '-') await opened(sink, output)
  const written = finished(sink, { readable: false })
  // A write error is thrown where the file is closed; until then it must not end the process.
  written.catch(() => undefined)
  const summary: Summary = { rows: 0, correct: 0, incorrect: 0, unverifiable: 0, bad: 0 }
  let lineNumber = 0
  for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1
    const text = lineNumber === 1 ? line.replace(/^\ufeff/, '') : line
    if (text.trim() === '') continue
    try {
      const result = verifyCase(parseVerifyCase(parseLine(text)))
      summary.rows += 1
      summary[result.verdict] += 1
      if (!sink.write(`${JSON.stringify(result)}\n`)) await once(sink, 'drain')
    } catch (error) {
      if (!(error instanceof HoneError)) throw error
      summary.bad += 1
      streams.stderr.write(`${input === '-' ? 'stdin' : input}:${lineNumber}: ${describeError(error)}\n`)
    }
  }
  if (output !== '-') {
    sink.end()
    await written
  }
  report(summary, options, streams)
  return summary.bad === 0 ? 0 : 2
}

/** Verdicts on standard output keep it to themselves: the summary then goes to standard error. */
function report(summary: Summary, options: Options, streams: VerifyStreams): void {
  const to = (options.output ?? '-') === '-' ? streams.stderr : streams.stdout
  const { rows, correct, incorrect, unverifiable, bad } = summary
  if (options.json === true) to.write(`${JSON.stringify({ ...summary, version: VERIFIER_VERSION })}\n`)
  else
    to.write(
      `${rows} judged: ${correct} correct, ${incorrect} incorrect, ${unverifiable} unverifiable; ${bad} bad lines\n`,
    )
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new HoneError({
      type: 'InvalidInput',
      message: 'The line is not JSON.',
      nextStep: 'Write one JSON object a line, e.g. {"id":"1","gold":"3","answer":"3"}.',
      cause,
    })
  }
}

async function opened(stream: Readable | Writable, path: string): Promise<void> {
  try {
    await once(stream, 'open')
  } catch (cause) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `Cannot open ${path}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      nextStep: 'Check the path and its permissions; - stands for standard input or output.',
      cause,
    })
  }
}

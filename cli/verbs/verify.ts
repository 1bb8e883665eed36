import { Command, InvalidArgumentError } from 'commander'
import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import { describeError } from '../../domain/errors.ts'
import { parseVerifyCase, verifierVersion } from '../../verifier/verdict.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { exitCodes, Interrupted } from '../terminal.ts'
import { explanation, explanationText } from '../text/verify.ts'
import { verifyUsage as usage } from '../verify/options.ts'
import type { VerifyOptions, VerifyStreams } from '../verify/options.ts'

const help = `
A row (a line of --input) is one JSON object:
  id         text or number, required
  gold       the gold answer, required; marks of a data set (<answer>, \\boxed) are taken off
  answer     a bare answer or a whole completion, required: the last <answer> is judged, else the last box,
             else "the final answer is", else what the kind looks for; reasoning in <think> is never judged
  kind       ${answerKinds.slice(0, 6).join(', ')},
             ${answerKinds.slice(6).join(', ')}; auto (default) looks at the gold answer
  choices    texts of the options, A first
  precision  decimals after the point that count; without it numbers must agree as far as they are written
  policy     object of the policies below

Policies (--policy KEY=VALUE for one case), the default first:
  percent     lenient|strict   45 % is 0.45 and 45, or 0.45 alone
  ratio       exact|reduce     4:6 is 4:6 alone, or 2:3 too
  units       convert|strict   150 cm is 1.5 m, or the gold's own unit is wanted
  ocr         anls|exact       edit similarity of at least 0.5, or equal texts
  years       exact|relaxed    years in charts are exact, or within 5 % like other numbers
  form        solved|same|any  an equal value that is worked out, of the gold's form, or any
  dateOrder   dmy|mdy          how 3/4/2024 is read; no default: without it such a date is unverifiable
  match       iou|point        boxes overlap by at least half, or the answer's point lies in the gold box
  coords      pixel|0-1000     the answer's coordinates; 0-1000 needs width and height
  goldCoords  pixel|0-1000     the gold box's coordinates
  answerTags, reasoningTags    the model's own marks, as OPEN,CLOSE
  width, height                size of the picture in pixels

Output, a line for each row, in the same order: {"id","verdict","reason","extracted","rule"}.
verdict: correct (a rule shows it), incorrect, or unverifiable (no rule can tell; a row that takes more than 250 ms).

Examples:
  $ hone verify --input cases.jsonl --output verdicts.jsonl
  $ cat cases.jsonl | hone verify --input - > verdicts.jsonl
  $ hone verify --gold '\\frac12' --answer 0.5 --explain
  $ hone verify --gold B --answer 'I choose (B).' --kind choice --choices red blue
  $ hone verify --gold 2024-04-03 --answer 3/4/2024 --kind date --policy dateOrder=dmy
Exit codes: 0 all rows judged; 2 wrong usage or bad lines (each bad line is named, and good rows are judged all the
same); 130 Ctrl-C.`

/**
 * `hone verify`: needs no campaign, no database and no Temporal. Sets `process.exitCode`: 0, 2 for
 * wrong usage or input, 130 for Ctrl-C.
 */
export function verifyCommand(streams: VerifyStreams = process): Command {
  return new Command('verify')
    .description('Check answers against gold answers: a JSONL file of rows, or one case.')
    .option('-i, --input <file>', 'rows as JSONL; - is standard input')
    .option('-o, --output <file>', 'verdicts as JSONL; - is standard output', '-')
    .option(
      '--workers <count>',
      'rows of a file are judged in this many threads (default: processors − 1, at most 8)',
      count,
    )
    .option('--gold <text>', 'one case: the gold answer')
    .option('--answer <text>', 'one case: the answer, bare or a whole completion')
    .option('--kind <kind>', `one case: ${answerKinds.join(', ')}`)
    .option('--choices <text...>', 'one case: texts of the options, A first')
    .option('--precision <decimals>', 'one case: decimals after the point that count')
    .option('--policy <key=value>', 'one case: a policy of the table below; may be repeated', policy)
    .option('--explain', 'one case: say how both texts were read and whether the format held')
    .option('--json', 'print the result of one case, or the summary of a file, as JSON')
    .addHelpText('after', help)
    .action(async (options: VerifyOptions) => {
      try {
        process.exitCode = await run(options, streams)
      } catch (error) {
        if (error instanceof Interrupted) throw error
        streams.stderr.write(`${describeError(error)}\n`)
        process.exitCode = exitCodes.usage
      }
    })
}

async function run(options: VerifyOptions, streams: VerifyStreams): Promise<number> {
  const single = options.gold !== undefined || options.answer !== undefined
  if (single === (options.input !== undefined)) throw usage('Give either --input, or --gold and --answer.')
  if (!single) {
    const { kind, choices, precision, policy, explain } = options
    if ([kind, choices, precision, policy, explain].some((given) => given !== undefined))
      throw usage(
        '--kind, --choices, --precision, --policy and --explain are for one case; in a file each row has its own.',
      )
    // The threads are loaded for files only: one case must answer at once.
    const { verifyFile } = await import('../verify/verify-file.ts')
    return await verifyFile(options, streams)
  }
  if (options.gold === undefined || options.answer === undefined) throw usage('--gold and --answer belong together.')
  return verifyOne(options, streams)
}

function count(given: string): number {
  const number = Number(given)
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number
  throw new InvalidArgumentError('A whole number from 1 to 256.')
}

/** Adds one `key=value` to the policies. Values are checked with the case. */
function policy(given: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const at = given.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError('Write KEY=VALUE, e.g. percent=strict.')
  const [key, value] = [given.slice(0, at), given.slice(at + 1)]
  const known = answerPolicy.keyof().safeParse(key)
  if (!known.success) throw new InvalidArgumentError(`Policies are ${answerPolicy.keyof().options.join(', ')}.`)
  const tags = key === 'answerTags' || key === 'reasoningTags'
  return { ...before, [key]: tags ? value.split(',') : key === 'width' || key === 'height' ? Number(value) : value }
}

function verifyOne(options: VerifyOptions, streams: VerifyStreams): number {
  const row = parseVerifyCase({
    id: 'case',
    gold: options.gold,
    answer: options.answer,
    kind: options.kind,
    choices: options.choices,
    precision: options.precision === undefined ? undefined : Number(options.precision),
    policy: options.policy,
  })
  const result = verifyCase(row)
  if (options.json === true) {
    const details = options.explain === true ? explanation(row) : {}
    streams.stdout.write(`${JSON.stringify({ ...result, ...details, version: verifierVersion })}\n`)
  } else {
    streams.stdout.write(`${result.verdict} (${result.reason})\n`)
    if (options.explain === true) streams.stdout.write(explanationText(row, result))
  }
  return exitCodes.ok
}

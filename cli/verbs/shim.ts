import { readFile, writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { HoneError, messageOf } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json-text.ts'
import { rewardNames } from '../../domain/recipe/steps.ts'
import { packGroundTruth } from '../../trainers/reward-file/ground-truth.ts'
import { rewardFiles, shimTrainers } from '../../trainers/reward-file/registry.ts'
import type { ShimTrainer } from '../../trainers/reward-file/registry.ts'
import { rewardShim } from '../../trainers/reward-file/reward-shim.ts'
import type { RewardName } from '../../verifier/reward.ts'
import { parseScoreCase } from '../../verifier/serve/score-request.ts'
import { jsonOption, positiveSeconds, wholeNumber } from '../options.ts'
import { printJson } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { usageError } from '../usage-error.ts'

/**
 * Seconds for one request, and attempts after the first, as in Hone's own trainer. All retries
 * together wait 13 s.
 */
const defaultTimeoutSeconds = 30
const defaultRetries = 6

const help = `
The file is Python without dependencies. How each trainer takes it, and where it looks for a row's reference:
  trl      reward_funcs=[reward_func]; columns id, answer, and kind, choices, precision, policy, question, reward if any
  easyr1   worker.reward.reward_function=FILE:compute_score; ground_truth
  verl     custom_reward_function.path=FILE; reward_model.ground_truth
  swift    --external_plugins FILE --reward_funcs hone; column hone_row

The last three pass one text a row. Plain text is the reference itself; packed text holds the rest of the row too.
--pack makes packed texts from rows as \`hone verify\` reads them, without answers: {"id","gold", and kind, choices,
precision, policy, question, reward}. It writes one line a row, {"id","packed"}; "packed" goes into ground_truth or
hone_row. The question is for a judge model, if the reward server has one. The judge is not shown a row whose reward is
"rule".

Examples:
  $ hone shim --trainer trl --url http://10.0.0.5:8100 --reward weighted --output hone_reward.py
  $ hone shim --trainer trl --url https://rewards.example --reward accuracy --on-failure zero --timeout 60 --retries 5
  $ hone shim --trainer verl --url http://10.0.0.5:8100 --reward accuracy --token-env HONE_REWARD_TOKEN > hone_reward.py
  $ hone shim --pack rows.jsonl --output packed.jsonl`

interface ShimFlags {
  trainer?: ShimTrainer
  url?: string
  reward?: RewardName
  tokenEnv?: string
  onFailure?: 'abstain' | 'zero'
  timeout: number
  retries: number
  pack?: string
  output?: string
  json?: boolean
}

/**
 * `hone shim`: the file by which another trainer asks the reward server. Needs no campaign, no
 * database and no Temporal.
 */
export function shimCommand(terminal: Terminal): Command {
  return new Command('shim')
    .description('Write the reward file by which a trainer of your own asks the reward server.')
    .addOption(new Option('--trainer <name>', 'trainer that loads the file').choices(shimTrainers))
    .option('--url <url>', 'the reward server, as the training machines reach it')
    .addOption(new Option('--reward <name>', 'how accuracy and format make a reward').choices(rewardNames))
    .option('--token-env <name>', 'variable that holds the token where the training runs (default: no token)')
    .addOption(
      new Option(
        '--on-failure <what>',
        'for a completion that could not be scored (default: abstain for trl, else zero)',
      ).choices(['abstain', 'zero']),
    )
    .option('--timeout <seconds>', 'how long one request may take', positiveSeconds, defaultTimeoutSeconds)
    .option('--retries <count>', 'attempts after the first', wholeNumber, defaultRetries)
    .option('--pack <file>', 'instead: pack the rows of this JSONL file')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (flags: ShimFlags) => {
      const { pack, output, json } = flags
      const text = pack === undefined ? shimOf(flags) : await packedRows(pack, flags)
      if (output !== undefined) await write(output, text)
      if (json === true) printJson(terminal, output === undefined ? { text } : { output })
      else if (output === undefined) terminal.stdout.write(text)
    })
}

function shimOf({ trainer, url, reward, tokenEnv, onFailure, timeout, retries }: ShimFlags): string {
  if (trainer === undefined || url === undefined || reward === undefined)
    throw usage('A reward file needs --trainer, --url and --reward.')
  return rewardShim(trainer, {
    url,
    rewardName: reward,
    tokenEnv: tokenEnv ?? null,
    onFailure: onFailure ?? (rewardFiles[trainer].abstains ? 'abstain' : 'zero'),
    timeoutSeconds: timeout,
    retries,
  })
}

/** The rows of a file as packed references, a JSON line each. */
async function packedRows(path: string, { trainer, url, reward }: ShimFlags): Promise<string> {
  if (trainer !== undefined || url !== undefined || reward !== undefined)
    throw usage('--pack makes packed references and no reward file: --trainer, --url and --reward do not go with it.')
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError('read', path, error)
  })
  const packed: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const row = rowOf(line)
    if (row === null)
      throw usageError(
        `${path}:${index + 1} is not a JSON object.`,
        'Write one row a line: {"id", "gold"}, and optionally kind, choices, precision, policy, question and reward.',
      )
    // A reference has no answer yet; all else is checked as the reward server will.
    const checked = parseScoreCase({ ...row, answer: '' })
    packed.push(`${JSON.stringify({ id: checked.id, packed: packGroundTruth(checked) })}\n`)
  }
  return packed.join('')
}

const rowOf = (line: string): Record<string, unknown> | null =>
  z.record(z.string(), z.unknown()).safeParse(parseJson(line)).data ?? null

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: unknown) => {
    throw fileError('written', path, error)
  })
}

const usage = (message: string): HoneError => usageError(message, 'See `hone shim --help` for examples.')

const fileError = (what: 'read' | 'written', path: string, cause: unknown): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `${path} cannot be ${what} (${messageOf(cause)}).`,
    nextStep: 'Check the path, and that its folder is there and yours to use.',
    cause,
  })

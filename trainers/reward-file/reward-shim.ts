import { existsSync, readFileSync } from 'node:fs'
import { HoneError } from '../../domain/errors.ts'
import type { RewardName } from '../../verifier/reward.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { rewardFiles } from './registry.ts'
import type { ShimTrainer } from './registry.ts'

export interface ShimOptions {
  /** The reward server as the training machines reach it, without `/v1/score`. */
  url: string
  rewardName: RewardName
  /**
   * Environment variable that holds the token where the training runs; null when the server wants
   * no token.
   */
  tokenEnv: string | null
  /**
   * What a completion gets that could not be scored; `abstain` where the trainer can leave it out
   * (TRL).
   */
  onFailure: 'abstain' | 'zero'
  /** For one request from sending to its last byte. */
  timeoutSeconds: number
  /** Attempts after the first, with waits of 0.2, 0.4, … at most 6.4 s between them. */
  retries: number
}

/**
 * Writes the reward file of a trainer: one Python file without dependencies that asks the reward
 * server. The same options give the same bytes. The file begins with hone_trainer's own reward
 * client, word for word.
 *
 * Failures are counted, a JSON line each, in the file of HONE_REWARD_FAILURES, else in
 * `reward-failures.jsonl` beside the reward file. Throws HoneError (InvalidInput) for settings that
 * cannot work: abstaining where the trainer knows no missing reward, a URL that cannot be asked or
 * holds a secret, a name that no variable can have, numbers out of range.
 */
export function rewardShim(trainer: ShimTrainer, options: ShimOptions): string {
  const { url, rewardName, tokenEnv, onFailure, timeoutSeconds, retries } = options
  const { name, abstains, source } = rewardFiles[trainer]
  if (onFailure === 'abstain' && !abstains)
    throw refused(
      `${name} knows no missing reward: it would count an abstention as 0.`,
      'Set what happens on failure to zero, so that it is meant and counted, or train with TRL.',
    )
  if (tokenEnv !== null && !/^[A-Za-z_]\w*$/.test(tokenEnv))
    throw refused(
      'The token is named by an environment variable, and no variable can have this name.',
      'Give a name such as HONE_REWARD_TOKEN, never the token.',
    )
  if (!Number.isFinite(timeoutSeconds) || timeoutSeconds <= 0 || !Number.isInteger(retries) || retries < 0)
    throw refused(
      `A reward request cannot wait ${timeoutSeconds} s and be made again ${retries} times.`,
      'Give a positive number of seconds, and 0 or more retries.',
    )
  const settings = [
    `TRAINER = ${python(trainer)}`,
    `URL = ${python(serverUrl(url))}`,
    `REWARD = ${python(rewardName)}`,
    `TOKEN_ENV = ${tokenEnv === null ? 'None' : python(tokenEnv)}`,
    `ON_FAILURE = ${python(onFailure)}`,
    `TIMEOUT_SECONDS = ${timeoutSeconds}`,
    `RETRIES = ${retries}`,
  ]
  return `# Rewards of Hone's verifier (${verifierVersion}) for ${name}. Written by Hone; edits are lost.
${clientSource()}

${settings.join('\n')}
_client = ScoreClient(URL, REWARD, TOKEN_ENV, TIMEOUT_SECONDS, RETRIES + 1)
_scores_of = CountedScores(_client, __file__, TRAINER, REWARD, ON_FAILURE).score

${source}`
}

// From dist/trainers/reward-file/ the files of Python are one folder further up.
const clientPaths = ['../../trainer/', '../../../trainer/'].map(
  (folder) => new URL(`${folder}hone_trainer/reward_client.py`, import.meta.url),
)

function clientSource(): string {
  const path = clientPaths.find((path) => existsSync(path))
  if (path) return readFileSync(path, 'utf8')
  throw new HoneError({
    type: 'MissingDependency',
    message: 'The reward client (trainer/hone_trainer/reward_client.py) is missing from this installation.',
    nextStep: 'Install Hone again.',
  })
}

/** A JSON string is a Python string: the escapes that JSON uses mean the same in Python. */
const python = (text: string): string => JSON.stringify(text)

function serverUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '')
    throw refused(
      'The reward server has no URL that a training can ask.',
      'Give one such as http://10.0.0.5:8080, as the training machines see it.',
    )
  if (parsed.username !== '' || parsed.password !== '')
    throw refused(
      'The URL of the reward server holds a secret.',
      'Name the variable of a token instead; files are read by many.',
    )
  return url.replace(/\/+$/, '')
}

const refused = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep })

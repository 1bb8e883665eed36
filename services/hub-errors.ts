import { HoneError } from '../domain/errors.ts'
import type { PermanentFailure } from '../domain/errors.ts'
import type { HubModel } from './hub-model.ts'

/** Kinds of problem that trainer/hone_trainer/hub_errors.py names. */
export const hubProblems = [
  'gated',
  'no-repo',
  'no-revision',
  'no-weights',
  'refused',
  'busy',
  'unreachable',
  'not-cached',
  'damaged',
  'disk-full',
] as const

type Environment = Readonly<Record<string, string | undefined>>

/** The error that a user sees for a kind of problem. */
export function hubError(
  { repo, revision }: HubModel,
  { kind, detail }: { kind: (typeof hubProblems)[number]; detail: string },
  env: Environment,
): HoneError {
  const hub = hubName(env)
  const what = revision === null ? repo : `${repo} at ${revision}`
  const own = 'or fetch the model yourself and give its folder as baseModel.path'
  const texts: Record<typeof kind, [PermanentFailure, string, string]> = {
    gated: [
      'MissingSecret',
      `${repo} is gated: ${detail}`,
      `accept its terms on its page at ${hub}, and export HF_TOKEN=… of that account here`,
    ],
    'no-repo': [
      'InvalidRecipe',
      `${hub} shows no model ${repo}: ${detail}`,
      'correct baseModel.path; for a private model export HF_TOKEN=… of an account that may read it; a folder is given as ./path',
    ],
    'no-revision': [
      'InvalidRecipe',
      `${repo} has no revision ${revision ?? 'main'} at ${hub}`,
      'correct baseModel.revision: a branch, a tag or a whole commit',
    ],
    'no-weights': [
      'InvalidRecipe',
      `${what} cannot be a base model: ${detail}`,
      'name a model in Hugging Face layout with safetensors weights (config.json, *.safetensors)',
    ],
    refused: [
      'MissingSecret',
      `${hub} refuses ${what} (${detail})`,
      'check HF_TOKEN: it may be wrong, expired or too narrow',
    ],
    busy: ['MissingDependency', `${hub} is busy (${detail})`, 'start again later: what was fetched is kept'],
    unreachable: [
      'MissingDependency',
      `${hub} cannot be reached for ${what} (${detail})`,
      `check the network, proxy and HF_ENDPOINT, then start again: what was fetched is kept; ${own}`,
    ],
    'not-cached': [
      'MissingDependency',
      `${what} is not here: ${detail}`,
      `unset HF_HUB_OFFLINE, or point HF_HOME to a cache that has it; ${own}`,
    ],
    damaged: ['MissingDependency', `${what} arrives damaged: ${detail}`, `look for a proxy that changes files; ${own}`],
    'disk-full': [
      'StorageFull',
      `No space is left to fetch ${what}.`,
      'Free space there, or set HONE_HOME to a folder on a disk with room; what was fetched is kept.',
    ],
  }
  const [type, message, nextStep] = texts[kind]
  return new HoneError({ type, message, nextStep })
}

/** The hub's host, without a name or password that its address may hold. */
export function hubName(env: Environment): string {
  const address = env['HF_ENDPOINT'] || 'https://huggingface.co'
  return URL.canParse(address) ? new URL(address).host : 'the hub of HF_ENDPOINT'
}

import { describeError, HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { probeEndpoints } from './probe-endpoints.ts'
import type { EndpointFinding, Surroundings } from './probe-endpoints.ts'

/**
 * Checks every server of a recipe before a campaign is kept: it gets one real request of each form
 * that the recipe's steps send. A server that is busy, slow or not up yet starts late, which is a
 * note and no refusal. Returns notes for a person. Throws MissingSecret, InvalidRecipe and
 * EndpointRefused with the server's words and what to change, never with a key.
 */
export async function checkEndpoints(recipe: Recipe, surroundings: Surroundings): Promise<string[]> {
  const findings = await probeEndpoints(recipe, surroundings)
  const judged = findings.map(judgeFinding)
  const [refused, ...others] = judged.flatMap(({ refused: error }) => (error ? [error] : []))
  if (refused) throw others.length === 0 ? refused : joined(refused, others)
  return [...new Set(judged.flatMap(({ note }) => (note === null ? [] : [note])))]
}

/** What a finding means for a start: it is refused, or a person should know something. */
interface Judged {
  refused: HoneError | null
  note: string | null
}

const fine: Judged = { refused: null, note: null }

/** Judges what a server answered, or did not answer. */
export function judgeFinding({ endpoint, url, users, probed }: EndpointFinding): Judged {
  const who = `endpoint "${endpoint}" (${url})`
  if (probed.state === 'answered') return probed.note === null ? fine : { ...fine, note: `${who}: ${probed.note}` }
  if (probed.state === 'refused') return { ...fine, refused: withUsers(probed.error, users) }
  if (probed.state === 'silent')
    return { ...fine, note: `${who} did not answer yet: ${probed.detail}. Its steps wait for it` }
  return {
    ...fine,
    refused: new HoneError({
      type: 'EndpointRefused',
      message: `endpoint "${endpoint}": nobody answers at ${url} (${probed.detail})`,
      nextStep: `start the server, or correct endpoints.${endpoint}.url; \`--no-probe\` starts without asking`,
    }),
  }
}

const withUsers = (error: HoneError, users: readonly string[]): HoneError =>
  new HoneError({
    type: error.type,
    message: `${error.message} (asked by ${users.join(', ')})`,
    nextStep: error.nextStep,
    cause: error,
  })

/** One error for several, each told once. The next step of the first error comes last. */
function joined(first: HoneError, others: readonly HoneError[]): HoneError {
  const more = [...new Set(others.map(describeError))].filter((text) => text !== describeError(first))
  if (more.length === 0) return first
  const message = [...more, first.message].join('\n')
  return new HoneError({ type: first.type, message, nextStep: first.nextStep, cause: first })
}

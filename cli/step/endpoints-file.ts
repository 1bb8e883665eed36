import { readFile } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { describeError } from '../../domain/errors.ts'
import { urlEndpoint, urlsOf } from '../../domain/recipe/endpoints.ts'
import type { UrlEndpoint } from '../../domain/recipe/endpoints.ts'
import { explainIssues } from '../../recipes/recipe-issues.ts'
import { badUsage } from './options.ts'

/**
 * Endpoints of a YAML file, by the names of the models that a step asks. They have the form that
 * endpoints have in a recipe. Throws InvalidInput with the place of each wrong field and its fix.
 */
export async function endpointsIn(path: string, known: readonly string[]): Promise<Map<string, UrlEndpoint>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw badUsage(`--endpoints ${path} cannot be read: ${describeError(error)}.`)
  })
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { merge: true, lineCounter })
  const [broken] = document.errors
  if (broken) throw badUsage(`--endpoints ${path} is not YAML: ${broken.message}`)
  const schema = z.record(z.string(), urlEndpoint)
  const raw: unknown = document.toJS({ maxAliasCount: 1000 })
  const parsed = schema.safeParse(raw, { reportInput: true })
  if (!parsed.success) {
    const json: Record<string, unknown> = z.toJSONSchema(schema, { io: 'input' })
    const problems = explainIssues(parsed.error.issues, { raw, document, lineCounter, schema: json }).map(
      ({ where, value, wrong, fix }) => `  ${where}${value === null ? '' : ` = ${value}`}: ${wrong}; ${fix}`,
    )
    throw badUsage(`--endpoints ${path} cannot be used:\n${problems.join('\n')}`, 'See docs/endpoints.md.')
  }
  const names = Object.keys(parsed.data)
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    const guess = didYouMean(stranger, known)
    throw badUsage(
      `--endpoints ${path}: the step asks no model "${stranger}".`,
      guess === null ? `It asks: ${known.join(', ') || 'no model'}.` : `Did you mean "${guess}"?`,
    )
  }
  for (const [name, spec] of Object.entries(parsed.data))
    if (urlsOf(spec).some((url) => url.startsWith('demo:')))
      throw badUsage(
        `--endpoints ${path}: the demo teacher of "${name}" runs only beside campaigns.`,
        'Give the URL of a server.',
      )
  return new Map(Object.entries(parsed.data))
}

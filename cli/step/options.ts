import { readFile } from 'node:fs/promises'
import { Document, LineCounter, parse, parseDocument } from 'yaml'
import { z } from 'zod'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { usageError } from '../usage-error.ts'
import { explainIssues } from '../../recipes/recipe-issues.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import type { DataStep } from '../../data/steps/step.ts'
import { describeError } from '../../domain/errors.ts'
import type { HoneError } from '../../domain/errors.ts'
import { endpointOptions } from '../../domain/recipe/references.ts'
import type { EndpointOption } from '../../domain/recipe/references.ts'
import { own } from '../../domain/own.ts'

/** Wrong usage of `hone step`. */
export const badUsage = (message: string, nextStep = 'See `hone step --help`.'): HoneError =>
  usageError(message, nextStep)

/** The step of a name. Throws InvalidInput with the name that was most likely meant. */
export function dataStepCalled(name: string): DataStep {
  const step = own(dataSteps, name)
  if (step) return step
  const guess = didYouMean(name, Object.keys(dataSteps))
  const known = `Data steps are ${Object.keys(dataSteps).join(', ')}.`
  throw badUsage(`There is no data step "${name}".`, guess ? `Did you mean "${guess}"? ${known}` : known)
}

/** Options of a step that name the models it asks: required and optional ones. */
export function modelsOf({ options }: Pick<DataStep, 'options'>): {
  required: EndpointOption[]
  optional: EndpointOption[]
} {
  const shape: Record<string, z.core.$ZodType> = options.shape
  const named = endpointOptions.filter((option) => shape[option] !== undefined)
  return {
    required: named.filter((option) => !isOptional({ options }, option)),
    optional: named.filter((option) => isOptional({ options }, option)),
  }
}

/** Whether a step works without an option. */
export function isOptional({ options }: Pick<DataStep, 'options'>, option: string): boolean {
  const shape: Record<string, z.core.$ZodType> = options.shape
  const field = shape[option]
  return field === undefined || z.safeParse(field, undefined).success
}

export interface OptionSources {
  /** `key=value`, in order. The last value of a key counts. */
  set: readonly string[]
  /** YAML file of options. */
  file: string | undefined
  /** Endpoint options that have a server. Each is its own value. */
  endpoints: readonly string[]
  /** Names of files of evidence. */
  evidence: readonly string[]
}

/**
 * A step's options as its own schema reads them. Values of `--set` are YAML (`4`, `true`,
 * `[easy, hard]`), and text where the option wants text. Throws InvalidInput that names every wrong
 * option with a fix.
 */
export async function readStepOptions(name: string, step: DataStep, sources: OptionSources): Promise<{ step: string }> {
  const written = { ...(await fileOptions(sources.file)), ...setOptions(step, sources.set) }
  for (const key of Object.keys(written)) {
    if (key === 'step' || key === 'from' || key === 'priority')
      throw badUsage(`"${key}" cannot be set here: the step and its rows are given on the command line.`)
    if (endpointOptions.some((option) => option === key))
      throw badUsage(`"${key}" names a server: give it as --endpoint ${key}=URL --model ${key}=NAME.`)
  }
  const { shape } = step.options
  const raw: Record<string, unknown> = {
    step: name,
    ...('evidence' in shape && sources.evidence.length > 0 ? { evidence: [...sources.evidence] } : {}),
    ...written,
    ...Object.fromEntries(sources.endpoints.map((option) => [option, option])),
  }
  const parsed = step.options.safeParse(raw, { reportInput: true })
  if (parsed.success) return parsed.data
  const schema: Record<string, unknown> = z.toJSONSchema(step.options, { io: 'input' })
  const text = { raw, document: new Document(raw), lineCounter: new LineCounter(), schema }
  const problems = explainIssues(parsed.error.issues, text).map(({ where, value, wrong, fix }) => {
    // The options come from no single file, so no line can be named.
    const option = where.replace(/ \(line \d+, column \d+\)$/, '')
    return `  ${option}${value === null ? '' : ` = ${value}`}: ${wrong}; ${fix}`
  })
  throw badUsage(
    `These options of ${name} cannot be used:\n${problems.join('\n')}`,
    `Options of ${name} are ${Object.keys(shape).filter(isSettable).join(', ')}.`,
  )
}

/** Options that `--set` and `--options` may name. */
export const isSettable = (option: string): boolean =>
  !['step', 'from', 'priority', ...endpointOptions].some((reserved) => reserved === option)

function setOptions({ options }: DataStep, given: readonly string[]): Record<string, unknown> {
  const shape: Record<string, z.core.$ZodType> = options.shape
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at <= 0) throw badUsage(`--set ${text}: write KEY=VALUE, e.g. --set temperature=0.7.`)
      const key = text.slice(0, at)
      return [key, valueOf(text.slice(at + 1), shape[key])] as const
    }),
  )
}

/** A value as YAML reads it, or plain text where the option takes only text. */
function valueOf(text: string, field: z.core.$ZodType | undefined): unknown {
  let value: unknown = text
  try {
    value = parse(text)
  } catch {
    // No YAML: a prompt may hold any text.
  }
  if (field && !z.safeParse(field, value).success && z.safeParse(field, text).success) return text
  return value
}

async function fileOptions(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {}
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw badUsage(`--options ${file} cannot be read: ${describeError(error)}.`)
  })
  const document = parseDocument(text, { merge: true })
  const [broken] = document.errors
  if (broken) throw badUsage(`--options ${file} is not YAML: ${broken.message}`)
  const read = z
    .record(z.string(), z.unknown())
    .nullable()
    .safeParse(document.toJS({ maxAliasCount: 1000 }))
  if (!read.success)
    throw badUsage(`--options ${file} is not a map of options.`, 'Write one option on each line, e.g. samples: 4.')
  return read.data ?? {}
}

import { omittableFields } from '../../domain/recipe/call-options.ts'
import type { AskedOf } from './answer.ts'
import type { ServerWords } from './server-words.ts'

/** A refusal of a field, which every request of the endpoint has. */
export interface FieldRefusal {
  /** Whether every row would be refused. Without certainty other calls must tell. */
  isCertain: boolean
  nextStep: string
}

const streamDemands = new RegExp(
  [
    'only supports? stream|enable the stream parameter|stream must be (set to )?true|"?stream"?[ =:]+true is required',
    'streaming is (required|strongly recommended)|requires? stream(ing)?\\b|must (use|be) stream(ing|ed)?\\b|use stream(ing)? mode',
    'non-?stream(ing)? (calls?|requests?|mode|responses?|output)?.{0,30}(not|un)[ -]?(supported|allowed|available)',
    '(not|n.t) (be )?support(ed)? (when )?.?(non-?stream|stream ?= ?false)|set to false for non-streaming|only stream(ing)? (is|mode)',
  ].join('|'),
)

/** Whether the words say that the model answers as a stream alone. */
export const saysStreamOnly = ({ all }: Pick<ServerWords, 'all'>): boolean => streamDemands.test(all)

// Words that a value or a field is not taken at all, by any row.
const strong =
  /unsupported|not supported|isn't supported|does not support|doesn't support|unknown (parameter|field|name|argument)|unrecognized|not permitted|extra_forbidden|extra inputs|unexpected keyword|deprecated|cannot find field|cannot both|only (one of|the default|\S{1,20} is (allowed|supported))|only n ?= ?1|may only be|can only be|is not available|not allowed/
const weak =
  /\b(?:invalid|must be|should be|out of range|too large|at most|less than|greater than|expected|maximum allowed|range)\b/
// The server does not know the field at all.
const unknown = /unknown|unrecognized|extra_forbidden|unsupported_parameter|extra inputs|unexpected keyword/

const fields = [...omittableFields, 'max_completion_tokens', 'stream'] as const
type Field = (typeof fields)[number]

/**
 * The field that a refusal is about: the one that the server names, or the first one that stands in
 * its message in quotes, after `parameter`, or as a longer name.
 */
function fieldIn({ param, said }: ServerWords): string | undefined {
  const named = /^(?:body\.)?([a-z_]{1,40})$/i.exec(param)?.[1]
  // Gateways put other things there, such as `validation_error`. A field is in the message too.
  const isField = named !== undefined && !/^(messages|model|none|null)$/i.test(named)
  if (isField && (fields.some((name) => name === named) || said.includes(named.toLowerCase()))) return named
  const found = fields
    .map((field): [Field, number] => [field, placeOf(field, said)])
    .filter(([, at]) => at >= 0)
    .sort(([, one], [, other]) => one - other)[0]?.[0]
  const other =
    /(?:parameter|argument|field|property|name|keyword argument|['"]body['"],)s?:? \[?['"`]([a-z_]{2,40})['"`]/.exec(
      said,
    )?.[1]
  return found ?? (other === 'messages' || other === 'model' ? undefined : other)
}

/**
 * Short words (`n`, `seed`, `stream`) are names where they are in quotes or beside an equals sign.
 */
function placeOf(field: Field, text: string): number {
  if (field.includes('_') || field === 'temperature') return text.search(new RegExp(`\\b${field}\\b`))
  return text.search(
    new RegExp(
      `['"\`](?:body\\.)?${field}['"\`]|(?:parameter|argument|supplied|property|field|model|option)s?:? ${field}\\b|validation errors? for \\w+ ${field}\\b|\\b${field} ?=|^${field}\\b`,
    ),
  )
}

/** What to do about a refused field; undefined when the words are about no field. */
export function fieldRefusal(words: ServerWords, { endpoint }: AskedOf): FieldRefusal | undefined {
  const at = `at the endpoint "${endpoint.name}" in the recipe`
  if (saysStreamOnly(words)) return { isCertain: true, nextStep: `set \`stream: always\` (or \`auto\`) ${at}` }
  const isStrong = strong.test(words.said)
  if (!isStrong && !weak.test(words.said)) return undefined
  const field = fieldIn(words)
  if (field === undefined) return undefined
  const isOurs = fields.some((name) => name === field) || Object.hasOwn(endpoint.body ?? {}, field)
  // A seed differs from row to row, so a bad value may be one row's.
  const isCertain = isStrong ? isOurs || unknown.test(words.said) : isOurs && field !== 'seed'
  return { isCertain, nextStep: `${stepFor(field, words.said, endpoint)} ${at}` }
}

/** What to do when every reply is allowed to be too long. */
export const lowerMaxTokens = 'lower `maxTokens` of the step'

function stepFor(field: string, said: string, { maxTokensField }: AskedOf['endpoint']): string {
  if (field === 'max_tokens' || field === 'max_completion_tokens') {
    const isRenamed = strong.test(said) && !/too large|at most|less than|must be|maximum|range/.test(said)
    const other = field === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
    if (said.includes('max_completion_tokens') && field === 'max_tokens' && maxTokensField !== 'max_completion_tokens')
      return 'set `maxTokensField: max_completion_tokens`'
    return isRenamed ? `set \`maxTokensField: ${other}\`` : lowerMaxTokens
  }
  if (field === 'temperature') {
    const only = /only (?:the default )?\(?(\d(?:\.\d+)?)\)?|set to (\d(?:\.\d+)?)|must be (\d(?:\.\d+)?)\b/.exec(said)
    const value = only?.slice(1).find((number) => number !== undefined)
    if (value !== undefined && !/cannot both/.test(said))
      return `set \`body: {temperature: ${Number(value)}}\`, or \`omit: [temperature]\`,`
  }
  if (/cannot both/.test(said) && /top_p/.test(said)) return 'set `omit: [top_p]`'
  if (field === 'stream' || field === 'stream_options') return 'set `stream: never`'
  if (omittableFields.some((name) => name === field)) return `set \`omit: [${field}]\``
  return `take the field "${field}" out of \`body\``
}

import { Argument, InvalidArgumentError, Option } from 'commander'
import type { FailedRowsLimit } from '../domain/failed-rows.ts'
import { osUser } from './terminal.ts'
import type { Terminal } from './terminal.ts'

/** The campaign that a verb is about. */
export const campaignArgument = (): Argument =>
  new Argument('[campaign]', 'id of the campaign; may be left out while there is only one')

/** `--json`: a verb prints its result for programs and no text for people. */
export const jsonOption = (): Option => new Option('--json', 'print JSON')

/** Who a command comes from, for the record. */
export const whoOption = ({ env }: Pick<Terminal, 'env'>): Option =>
  new Option('--who <name>', 'who asks').default(osUser(env))

/** Collects the values of an option that may be given again, in order. */
export const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** Whether a word is the number of a round. */
export const isRoundNumber = (text: string): boolean => /^\d{1,9}$/.test(text)

/** An option's value as a whole number from 0 up. */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number from 0 up.')
}

/** An option's value as a number of seconds above 0. */
export function positiveSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds > 0) return seconds
  throw new InvalidArgumentError('Give a number of seconds above 0.')
}

/**
 * The value of `--max-failed`, with the same meaning in every verb: `5` is five rows, `5%` a share
 * of all rows.
 */
export function failureLimit(text: string): FailedRowsLimit {
  const [, figure = '', percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const value = Number(figure)
  if (figure !== '' && percent === '%' && value <= 100) return { share: value / 100 }
  if (figure !== '' && percent === '' && Number.isInteger(value)) return { rows: value }
  throw new InvalidArgumentError('Give a number of rows, or a share of them as 5%.')
}

import { InvalidArgumentError } from 'commander'

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

/** How many rows may fail: so many, or a share of all from 0 to 1. */
export type FailureLimit = { rows: number } | { share: number }

/** The value of `--max-failed`, which means one thing in every command: `5` is five rows, `5%` a share of them. */
export function failureLimit(text: string): FailureLimit {
  const [, figure = '', percent] = /^(\d{1,9}(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const value = Number(figure)
  if (figure !== '' && percent === '%' && value <= 100) return { share: value / 100 }
  if (figure !== '' && percent === '' && Number.isInteger(value)) return { rows: value }
  throw new InvalidArgumentError('Give a number of rows, or a share of them as 5%.')
}

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

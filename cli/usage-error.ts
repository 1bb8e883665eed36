import { HoneError } from '../domain/errors.ts'

/** Wrong usage of a verb: the command ends with 2. */
export const usageError = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidInput', message, nextStep })

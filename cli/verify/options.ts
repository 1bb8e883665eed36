import type { Readable, Writable } from 'node:stream'
import type { HoneError } from '../../domain/errors.ts'
import { usageError } from '../usage-error.ts'

/** Where the command reads and writes; tests give their own. */
export interface VerifyStreams {
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

/** Options of `hone verify`. */
export interface VerifyOptions {
  input?: string
  output?: string
  gold?: string
  answer?: string
  kind?: string
  choices?: string[]
  precision?: string
  policy?: Record<string, string | number>
  workers?: number
  explain?: boolean
  json?: boolean
}

/** Wrong usage of `hone verify`. */
export const verifyUsage = (message: string): HoneError =>
  usageError(message, 'See `hone verify --help` for the rows and examples.')

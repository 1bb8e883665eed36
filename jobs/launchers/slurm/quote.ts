import { HoneError } from '../../../domain/errors.ts'

// At the start of a word, zsh looks `=` up as a program, and fish has read `%` as a process.
const plain = /^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/**
 * Quotes one word for an unknown shell: sh, bash, zsh, csh, tcsh and fish all read the same text.
 * Inside single quotes they differ over `\` and `!`, so these two are outside of the quotes. Throws
 * HoneError (InvalidInput) for a line break or a NUL, which some of these shells cannot take.
 */
export function shellWord(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\n\r\0]/.test(text)) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `${JSON.stringify(text)} holds a line break, and no command line can carry it.`,
      nextStep: 'Remove the line break from the name, the path or the option.',
    })
  }
  if (plain.test(text)) return text
  const pieces = text.split(/(['!\\])/)
  const quoted = pieces.map((piece) => (/^['!\\]$/.test(piece) ? `\\${piece}` : piece === '' ? '' : `'${piece}'`))
  return quoted.join('') || "''"
}

/** A command for a login shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}

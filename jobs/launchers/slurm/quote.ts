import { HoneError } from '../../../domain/errors.ts'

// At the start of a word zsh takes `=` for a program to look up, and fish has taken `%` for a process.
const plain = /^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@%+=:,./-]*$/

/**
 * One word for a shell that nobody chose: sh, bash, zsh, csh, tcsh and fish all read it as the same
 * text. Inside single quotes they differ over `\` and `!`, so these stand outside.
 * @throws HoneError InvalidInput for a line break or a NUL, which not all of them can take.
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

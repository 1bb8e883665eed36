/**
 * A finding of a check that runs before anything is submitted. A `refusal` stops the start, a
 * `note` is only shown. `text` says the problem and its reason, `fix` says what to change.
 */
export interface Finding {
  level: 'refusal' | 'note'
  text: string
  fix?: string
}

export const refusal = (text: string, fix?: string): Finding => ({
  level: 'refusal',
  text,
  ...(fix !== undefined && { fix }),
})
export const note = (text: string, fix?: string): Finding => ({
  level: 'note',
  text,
  ...(fix !== undefined && { fix }),
})

/**
 * What a check of a plan found, before anything was submitted. A `refusal` stops the start; a
 * `note` is only shown. `text` says what is so and why, `fix` what to change.
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

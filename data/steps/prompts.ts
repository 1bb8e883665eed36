import { readFileSync } from 'node:fs'

/**
 * Prompts that come with Hone. A changed text is a new version in a new file, because replies are
 * stored by their prompt.
 */
type PromptName =
  | 'describe-v1'
  | 'reason-v1'
  | 'pseudo-cot-v1'
  | 'describe-for-question-v1'
  | 'reason-to-answer-v1'
  | 'ask-missing-v1'
  | 'answer-missing-v1'
  | 'merge-v1'
  | 'synthesize-v1'
  | 'screen-v1'
  | 'answer-picture-v1'
  | 'arbitrate-v1'
  | 'rewrite-v1'
  | 'rate-v1'

const loaded = new Map<PromptName, string>()

/** The template's text without its last line end. */
export function loadPrompt(name: PromptName): string {
  const text = loaded.get(name) ?? readFileSync(new URL(`prompts/${name}.md`, import.meta.url), 'utf8').trimEnd()
  loaded.set(name, text)
  return text
}

/**
 * Replaces each `{name}` by its value. Only the given names count, so braces of LaTeX and JSON
 * stay. A value is never read as a template.
 */
export function renderPrompt(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([a-z]+)\}/gi, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  )
}

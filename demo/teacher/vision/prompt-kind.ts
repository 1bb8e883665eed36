/** What a prompt wants from a seeing role, by the labels at the beginnings of its lines. */
export type PromptKind =
  | 'describe'
  | 'explain-answer'
  | 'describe-for-question'
  | 'answer-missing'
  | 'merge'
  | 'answer'
  | 'arbitrate'
  | 'rewrite'
  | 'rate'

const labelPattern =
  /^(Questions?|Choices|Answers so far|Answer|Explanation|Reasoning|Description|First answer|Second answer|rating):/gm

/**
 * Tells prompts apart by the order of their labels. A later part of a prompt may hold anything,
 * labels too: what comes first decides. A prompt without labels asks for a description; undefined
 * is a prompt that no such role knows.
 */
export function promptKind(prompt: string): PromptKind | undefined {
  const labels = [...prompt.matchAll(labelPattern)].map(([, label]) => label).filter((label) => label !== 'Choices')
  const [first, second, third] = labels
  switch (first) {
    case undefined:
      return 'describe'
    case 'Questions':
      return 'answer-missing'
    case 'Description':
      return labels.includes('Answers so far') ? 'merge' : undefined
    case 'Question':
      return questionKind(second, third)
    default:
      return undefined
  }
}

function questionKind(second: string | undefined, third: string | undefined): PromptKind | undefined {
  switch (second) {
    case undefined:
      return 'answer'
    case 'Explanation':
      return 'describe-for-question'
    case 'First answer':
      return third === 'Second answer' ? 'arbitrate' : undefined
    case 'Answer':
      if (third === 'Reasoning') return 'rewrite'
      return third === 'rating' ? 'rate' : 'explain-answer'
    default:
      return undefined
  }
}

/**
 * A line of a prompt that begins with a label, without the label; undefined without such a line.
 */
export function labelled(prompt: string, label: string): string | undefined {
  return new RegExp(String.raw`^${label}:[ \t]*(.*)$`, 'm').exec(prompt)?.[1]?.trim()
}

/** The text after a label, up to the last paragraph that begins with `next`, else to the end. */
export function partAfter(prompt: string, label: string, next?: string): string {
  const from = new RegExp(String.raw`^${label}:[ \t]*\n?`, 'm').exec(prompt)
  if (from === null) return ''
  const rest = prompt.slice(from.index + from[0].length)
  const end = next === undefined ? -1 : rest.lastIndexOf(`\n\n${next}`)
  return (end === -1 ? rest : rest.slice(0, end)).trim()
}

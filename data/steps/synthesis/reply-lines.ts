import { withoutReasoning } from '../../../verifier/format.ts'

const marker = /^\s*(?:[-*•–](?!\S)|\(?(\d{1,3})[.)]\s)\s*(.*)$/u

interface Item {
  /** The number before the item. Null for a dash or bullet. */
  number: number | null
  /** One line. Empty without text after the mark. */
  text: string
}

/**
 * The items of a list in a model's reply. An item is a line that begins with a dash, a bullet or a
 * number, joined with the deeper lines that continue it. Text around the list and between think
 * tags is left out. Linear time. Never throws.
 */
export const listItems = (reply: string): string[] =>
  markedItems(reply)
    .map(({ text }) => text)
    .filter((text) => text !== '')

function markedItems(reply: string): Item[] {
  const items: Item[] = []
  let top: number | null = null
  let open = false
  for (const line of lines(reply)) {
    const marked = marker.exec(line)
    const indent = /^\s*/.exec(line)?.[0].length ?? 0
    if (marked && (top === null || indent <= top)) {
      top ??= indent
      items.push({ number: marked[1] === undefined ? null : Number(marked[1]), text: marked[2] ?? '' })
      open = true
    } else if (open && top !== null && indent > top) {
      const last = items.at(-1)
      if (last) last.text += ` ${marked?.[2] ?? line}`
    } else open = false
  }
  return items.map(({ number, text }) => ({ number, text: plain(text) }))
}

/**
 * The asker's questions. Without a list, lines that end in a question mark count. Empty means that
 * nothing is missing: the agreed word for it is `complete`, and a reply without a readable question
 * can mean nothing else.
 */
export function readQuestions(reply: string): string[] {
  const listed = listItems(reply)
  const found = listed.length > 0 ? listed : lines(reply).map(plain).filter(isQuestion)
  return found.filter((item) => item !== '' && !/^complete[.!]?$/i.test(item))
}

/**
 * One answer for each question, in order. Null for a question without an answer. A numbered item
 * answers the question of its number. Other lists, and lines without marks, are paired only when
 * there is one item or line for each question: an answer beside the wrong question would be a false
 * statement about the picture.
 */
export function readAnswers(reply: string, questions: readonly string[]): (string | null)[] {
  const listed = markedItems(reply)
  const numbered = answersByNumber(listed, questions.length)
  if (numbered !== null) return numbered
  const bare = lines(reply)
    .map(plain)
    .filter((line) => line !== '')
  const prose = questions.length === 1 ? [bare.join(' ')].filter((text) => text !== '') : bare
  const found = listed.length > 0 ? listed.map(({ text }) => text) : prose
  return questions.map((_, index) => (found.length === questions.length ? found[index] || null : null))
}

/**
 * The answers by the numbers of the items. Null when the numbers mean nothing: an item has no
 * number, or all have the same number, as Markdown allows.
 */
function answersByNumber(items: readonly Item[], count: number): (string | null)[] | null {
  const numbers = items.map(({ number }) => number)
  if (items.length === 0 || numbers.includes(null)) return null
  const distinct = new Set(numbers).size
  if (distinct === 1 && items.length > 1) return null
  // A repeated number or a 0 leaves open which question is meant.
  const isClear = distinct === items.length && !numbers.includes(0)
  const texts = new Map(items.map(({ number, text }) => [number, text]))
  return Array.from({ length: count }, (_, index) => (isClear ? texts.get(index + 1) || null : null))
}

const lines = (reply: string): string[] => withoutReasoning(reply).spoken.split(/\r?\n/)

const isQuestion = (line: string): boolean => /[?？؟]$/u.test(line)

/** One line, without emphasis around the whole line. */
const plain = (line: string): string =>
  line
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^(\*\*|__|\*)(.+)\1$/u, '$2')
    .trim()

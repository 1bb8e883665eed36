import { withoutReasoning } from '../../verifier/format.ts'

const marker = /^(\s*)(?:[-*•–]|\(?\d{1,3}[.)])\s+(.*)$/u

/**
 * The items of a list in a model's reply: lines that begin with a dash, a bullet or a number, each with the deeper lines
 * that go on with it, as one line. What stands around the list and between think tags is left out. Linear, never throws.
 */
export function listItems(reply: string): string[] {
  const items: string[] = []
  let top: number | null = null
  let open = false
  for (const line of lines(reply)) {
    const marked = marker.exec(line)
    const indent = /^\s*/.exec(line)?.[0].length ?? 0
    if (marked && (top === null || indent <= top)) {
      top ??= indent
      items.push(marked[2] ?? '')
      open = true
    } else if (open && top !== null && indent > top) {
      items[items.length - 1] += ` ${marked?.[2] ?? line}`
    } else open = false
  }
  return items.map(plain).filter((item) => item !== '')
}

/**
 * What the asker wants to know. Without a list, lines that end in a question mark count. Empty means that nothing is
 * missing: the agreed word is `complete`, and a reply without a readable question can say nothing else.
 */
export function readQuestions(reply: string): string[] {
  const listed = listItems(reply)
  const found = listed.length > 0 ? listed : lines(reply).map(plain).filter(isQuestion)
  return found.filter((item) => item !== '' && !/^complete[.!]?$/i.test(item))
}

/**
 * One answer for each question, in order; null where none came. A list is paired item by item. Lines without marks are
 * paired only where they are as many as the questions: prose put beside the wrong question would be a false statement
 * about the picture.
 */
export function readAnswers(reply: string, questions: readonly string[]): (string | null)[] {
  const listed = listItems(reply)
  const bare = lines(reply)
    .map(plain)
    .filter((line) => line !== '')
  const prose = questions.length === 1 ? [bare.join(' ')].filter((text) => text !== '') : bare
  const found = listed.length > 0 ? listed : prose.length === questions.length ? prose : []
  return questions.map((_, index) => found[index] ?? null)
}

const lines = (reply: string): string[] => withoutReasoning(reply).spoken.split(/\r?\n/)

const isQuestion = (line: string): boolean => /[?？؟]$/u.test(line)

/** One line, without the emphasis that a whole line is set in. */
const plain = (line: string): string =>
  line
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^(\*\*|__|\*)(.+)\1$/u, '$2')
    .trim()

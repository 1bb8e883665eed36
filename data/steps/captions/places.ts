/** A place in the picture. Null where the caption does not say it. */
export interface Place {
  row: 'top' | 'middle' | 'bottom' | null
  column: 'left' | 'center' | 'right' | null
  /** The place in the words of a question: `at the top left`, `on the left`. */
  phrase: string
}

const rows = {
  top: 'top',
  upper: 'top',
  bottom: 'bottom',
  lower: 'bottom',
  middle: 'middle',
  center: 'middle',
} as const
const columns = { left: 'left', right: 'right', center: 'center', middle: 'center' } as const

const one = String.raw`(?:(top|upper|bottom|lower|middle|center)(?:[- ](left|right|center|middle))?|(left|right)(?:-hand)?(?: side)?)`
const ofPicture = String.raw`(?: corner| side)?(?: of the (?:image|picture|scene|photo|frame))?`
/** No noun may follow a place: `the left shelf` is not a place. */
const ends = String.raw`(?=\s*(?:$|[,:])| (?:there|is|are|and|a|an|one|two|three|four|five|six|seven|eight|nine|ten|stands?|sits?|lies|you)\b)`
const placeWords = new RegExp(
  String.raw`(?<!\b(?:to|toward|towards|near|from|of|by) )\b(?:(?:at|in|on) )?the ${one}${ofPicture}${ends}|^${one}(?: corner)?(?=:)`,
  'g',
)
const relationWords = /\b(?:directly )?(?:(?:to the )?(left|right) of|(above|below))(?= (?:a|an|one)\b)/g

/** Marks that replace a place or a relation among the words of a sentence. */
const placeMark = (index: number): string => `@p${index}`
export type Relation = 'left' | 'right' | 'above' | 'below'

/** Replaces the places and relations of a lower-case sentence by the marks `@p0`, `@rleft`. */
export function markPlaces(sentence: string): { marked: string; places: Place[] } {
  const places: Place[] = []
  const marked = sentence.replace(placeWords, (...found: unknown[]) => {
    const word = (index: number) => found[index] ?? found[index + 3]
    places.push(placeOf(word(1), word(2), word(3)))
    return ` ${placeMark(places.length - 1)}`
  })
  return {
    marked: marked.replace(relationWords, (_, side?: string, height?: string) => ` @r${side ?? height ?? ''}`),
    places,
  }
}

function placeOf(first: unknown, second: unknown, side: unknown): Place {
  const row = Object.entries(rows).find(([word]) => word === first)?.[1] ?? null
  const column = Object.entries(columns).find(([word]) => word === (second ?? side))?.[1] ?? null
  if (row === 'middle' && column === null) return { row, column: 'center', phrase: 'in the middle' }
  if (row === null) return { row, column, phrase: `on the ${column ?? ''}` }
  return { row, column, phrase: `at the ${row}${column === null ? '' : ` ${column}`}` }
}

const order: Readonly<Record<string, number>> = { left: 0, top: 0, center: 1, middle: 1, right: 2, bottom: 2 }

/**
 * The relations of the first place to the second. Only directions that both places have are
 * compared.
 */
export function relationsOf(first: Place, second: Place): Relation[] {
  const across = difference(first.column, second.column)
  const down = difference(first.row, second.row)
  return [
    ...(across < 0 ? ['left' as const] : across > 0 ? ['right' as const] : []),
    ...(down < 0 ? ['above' as const] : down > 0 ? ['below' as const] : []),
  ]
}

const difference = (first: string | null, second: string | null): number =>
  first === null || second === null ? 0 : (order[first] ?? 0) - (order[second] ?? 0)

const irregular: readonly (readonly [string, string])[] = [
  ['person', 'people'],
  ['man', 'men'],
  ['woman', 'women'],
  ['child', 'children'],
  ['mouse', 'mice'],
  ['goose', 'geese'],
  ['tooth', 'teeth'],
  ['knife', 'knives'],
  ['leaf', 'leaves'],
  ['shelf', 'shelves'],
  ['loaf', 'loaves'],
  ['wolf', 'wolves'],
  ['potato', 'potatoes'],
  ['tomato', 'tomatoes'],
  ['sheep', 'sheep'],
  ['deer', 'deer'],
  ['fish', 'fish'],
  ['aircraft', 'aircraft'],
]
const plurals = new Map(irregular)
const singulars = new Map(irregular.map(([one, many]) => [many, one]))

/** The last word of a noun phrase in the plural: `traffic light` becomes `traffic lights`. */
export function plural(noun: string): string {
  const [, before = '', word = ''] = /^(.*?)([^ ]*)$/.exec(noun) ?? []
  const known = plurals.get(word)
  if (known !== undefined) return before + known
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${before}${word}es`
  if (/[^aeiou]y$/.test(word)) return `${before}${word.slice(0, -1)}ies`
  return `${before}${word}s`
}

/** The singular of a word in the plural; null when it is none, or one whose singular is not sure. */
export function singular(word: string): string | null {
  const known = singulars.get(word)
  if (known !== undefined) return known
  if (!word.endsWith('s') || /(?:ss|us|is)$/.test(word) || word.length < 4) return null
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`
  if (/(?:sses|shes|ches|xes|zzes|uses)$/.test(word) && !/(?:houses|horses|ouses|causes|caches|aches)$/.test(word))
    return word.slice(0, -2)
  if (
    /(?:ves|oes)$/.test(word) &&
    !/(?:gloves|stoves|sleeves|shoes|toes|waves|caves|olives|doves|canoes|hives)$/.test(word)
  )
    return null
  return word.slice(0, -1)
}

/** Whether a word may stand in the plural. */
export const isPlural = (word: string): boolean => singular(word) !== null

/** `a` or `an` before a word, by its first letter. */
export const withArticle = (words: string): string =>
  /^(?:[aeio]|u(?!ni|se|k))/.test(words) ? `an ${words}` : `a ${words}`

const words = (list: string): string[] => list.split(/\s+/).filter(Boolean)

/** Nouns with an irregular plural: each singular is followed by its plural. */
const irregular = new Map(
  words(
    `person people man men woman women child children grandchild grandchildren mouse mice goose geese tooth teeth foot
    feet ox oxen knife knives wife wives leaf leaves shelf shelves bookshelf bookshelves loaf loaves wolf wolves calf
    calves half halves scarf scarves thief thieves elf elves hoof hooves potato potatoes tomato tomatoes hero heroes
    mosquito mosquitoes quiz quizzes stomach stomachs sheep sheep deer deer fish fish aircraft aircraft bison bison
    moose moose salmon salmon shrimp shrimp snowman snowmen fireman firemen policeman policemen policewoman policewomen
    fisherman fishermen businessman businessmen businesswoman businesswomen salesman salesmen postman postmen`,
  ).flatMap((one, index, all) => (index % 2 === 0 ? [[one, all[index + 1] ?? one] as const] : [])),
)

/**
 * Nouns that take `-s`, although their plural ends like another kind of plural (`-ches`, `-ies`,
 * `-oes`, `-ves`).
 */
const withS = words(
  `ache headache toothache stomachache backache cache mustache moustache avalanche niche quiche creche brioche psyche
  porsche pastiche cookie movie pie magpie potpie tie necktie bowtie brownie selfie hoodie zombie smoothie rookie genie
  prairie goalie foodie groupie budgie collie newbie veggie calorie beanie onesie cutie sweetie freebie shoe horseshoe
  snowshoe toe tiptoe canoe hoe foe oboe doe glove stove sleeve wave microwave cave olive dove hive beehive valve curve
  grave clove archive drive ellipse taxi ski kiwi bikini zucchini menu emu`,
)

/**
 * Nouns that take `-es`: nouns in `-s` without an `e` before it, and nouns with two plural forms.
 */
const withEs = words(
  `bus minibus trolleybus cactus walrus octopus virus campus crocus circus lotus platypus hippopotamus abacus lens gas
  canvas atlas iris trellis rhinoceros mango volcano tornado buffalo torpedo domino cargo avocado flamingo`,
)

const singulars = new Map([
  ...[...irregular].map(([one, many]) => [many, one] as const),
  ...withS.map((one) => [`${one}s`, one] as const),
  ...withEs.map((one) => [`${one}es`, one] as const),
])

/**
 * Words that are singular, that have no singular, or that have two singulars with different
 * meanings.
 */
const unsure = new Set(
  words(
    `lens gas canvas atlas iris trellis pancreas christmas chess series species news mathematics physics gymnastics
    pants jeans shorts trousers tights leggings panties undies pajamas pyjamas scissors tongs pliers tweezers goggles
    sunglasses eyeglasses binoculars headphones clothes stairs always perhaps besides sometimes towards upstairs
    downstairs axes pickaxes topazes analyses crises diagnoses prognoses neuroses psychoses fries doggies birdies
    hippies aunties pixies bogies caddies townies roadies junkies bookies kiddies dearies lassies laddies`,
  ),
)

/**
 * Puts the last word of a noun phrase into the plural: `traffic light` becomes `traffic lights`.
 */
export function plural(noun: string): string {
  const [, before = '', word = ''] = /^(.*?)([^ ]*)$/.exec(noun) ?? []
  const known = irregular.get(word)
  if (known !== undefined) return before + known
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${before}${word}es`
  if (/[^aeiou]y$/.test(word)) return `${before}${word.slice(0, -1)}ies`
  return `${before}${word}s`
}

/**
 * The singular of a plural word. Null when the word is no plural or its singular is not sure. Some
 * endings have two spellings (`-ches` of peach and of cache, `-ies` of city and of cookie): the
 * usual spelling counts, and the exceptions are listed. For `-ses`, `-ves` and `-oes` no spelling
 * is usual, so the word must be listed.
 */
export function singular(word: string): string | null {
  const known = singulars.get(word)
  if (known !== undefined) return known
  if (!word.endsWith('s') || /(?:ss|us|is)$/.test(word) || word.length < 4 || unsure.has(word)) return null
  const one = regularSingular(word)
  // A word that `plural` does not give back is no plural.
  return one !== null && plural(one) === word ? one : null
}

function regularSingular(word: string): string | null {
  if (/[^aeiou]ies$/.test(word)) return word.length < 5 ? null : `${word.slice(0, -3)}y`
  if (/(?:ss|sh|ch|x|tz|zz)es$/.test(word)) return word.slice(0, -2)
  if (/(?:ves|oes|ies)$/.test(word) || (word.endsWith('ses') && !withSe.test(word))) return null
  return word.slice(0, -1)
}

/**
 * House, horse, pulse, suitcase, vase, rose, nose, hose, fuse, pause, cruise, tortoise, cheese. Not
 * bases, lenses, viruses.
 */
const withSe = /(?:ouse|[rl]se|[cvh]ase|[hnrp]ose|^use|[fm]use|ause|ease|cuse|rise|[ou]ise|eese)s$/

/** Whether a word can be a plural. */
export const isPlural = (word: string): boolean => singular(word) !== null

/** Puts `a` or `an` before the words, by their first letters. */
export const withArticle = (words: string): string =>
  /^(?:[aeio]|u(?!ni|se|k))/.test(words) ? `an ${words}` : `a ${words}`

const words = (list: string): string[] => list.split(/\s+/).filter(Boolean)

/** Nouns whose plural no rule gives, each before its plural. */
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

/** Nouns that take `-s` where the ending of the plural looks like another's. */
const withS = words(
  `ache headache toothache stomachache backache cache mustache moustache avalanche niche quiche creche brioche psyche
  porsche pastiche cookie movie pie magpie potpie tie necktie bowtie brownie selfie hoodie zombie smoothie rookie genie
  prairie goalie foodie groupie budgie collie newbie veggie calorie beanie onesie cutie sweetie freebie shoe horseshoe
  snowshoe toe tiptoe canoe hoe foe oboe doe glove stove sleeve wave microwave cave olive dove hive beehive valve curve
  grave clove archive drive ellipse taxi ski kiwi bikini zucchini menu emu`,
)

/** Nouns that take `-es`: those in `-s` that are no `-se`, and second forms. */
const withEs = words(
  `bus minibus trolleybus cactus walrus octopus virus campus crocus circus lotus platypus hippopotamus abacus lens gas
  canvas atlas iris trellis rhinoceros mango volcano tornado buffalo torpedo domino cargo avocado flamingo`,
)

const singulars = new Map([
  ...[...irregular].map(([one, many]) => [many, one] as const),
  ...withS.map((one) => [`${one}s`, one] as const),
  ...withEs.map((one) => [`${one}es`, one] as const),
])

/** Words in the singular, without one, or with two that mean different things. */
const unsure = new Set(
  words(
    `lens gas canvas atlas iris trellis pancreas christmas chess series species news mathematics physics gymnastics
    pants jeans shorts trousers tights leggings panties undies pajamas pyjamas scissors tongs pliers tweezers goggles
    sunglasses eyeglasses binoculars headphones clothes stairs always perhaps besides sometimes towards upstairs
    downstairs axes pickaxes topazes analyses crises diagnoses prognoses neuroses psychoses fries doggies birdies
    hippies aunties pixies bogies caddies townies roadies junkies bookies kiddies dearies lassies laddies`,
  ),
)

/** The last word of a noun phrase in the plural: `traffic light` becomes `traffic lights`. */
export function plural(noun: string): string {
  const [, before = '', word = ''] = /^(.*?)([^ ]*)$/.exec(noun) ?? []
  const known = irregular.get(word)
  if (known !== undefined) return before + known
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${before}${word}es`
  if (/[^aeiou]y$/.test(word)) return `${before}${word.slice(0, -1)}ies`
  return `${before}${word}s`
}

/**
 * The singular of a word in the plural; null when it is none, or one whose singular is not sure. Where spelling leaves two
 * (`-ches` of peach and of cache, `-ies` of city and of cookie) the usual one counts, exceptions are listed; where neither
 * is usual (`-ses`, `-ves`, `-oes`) the word must be known.
 */
export function singular(word: string): string | null {
  const known = singulars.get(word)
  if (known !== undefined) return known
  if (!word.endsWith('s') || /(?:ss|us|is)$/.test(word) || word.length < 4 || unsure.has(word)) return null
  const one = regularSingular(word)
  // What would not be put into the plural so is no plural.
  return one !== null && plural(one) === word ? one : null
}

function regularSingular(word: string): string | null {
  if (/[^aeiou]ies$/.test(word)) return word.length < 5 ? null : `${word.slice(0, -3)}y`
  if (/(?:ss|sh|ch|x|tz|zz)es$/.test(word)) return word.slice(0, -2)
  if (/(?:ves|oes|ies)$/.test(word) || (word.endsWith('ses') && !withSe.test(word))) return null
  return word.slice(0, -1)
}

/** House, horse, pulse, suitcase, vase, rose, nose, hose, fuse, pause, cruise, tortoise, cheese; not bases, lenses, viruses. */
const withSe = /(?:ouse|[rl]se|[cvh]ase|[hnrp]ose|^use|[fm]use|ause|ease|cuse|rise|[ou]ise|eese)s$/

/** Whether a word may stand in the plural. */
export const isPlural = (word: string): boolean => singular(word) !== null

/** `a` or `an` before a word, by its first letter. */
export const withArticle = (words: string): string =>
  /^(?:[aeio]|u(?!ni|se|k))/.test(words) ? `an ${words}` : `a ${words}`

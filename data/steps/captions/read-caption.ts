import { plural, singular } from './nouns.ts'
import type { Place, Relation } from './places.ts'
import { readSentence } from './read-sentence.ts'
import type { Definite, Intro, SentenceReading } from './read-sentence.ts'
import { hypernyms, numbers } from './words.ts'

/** Things of one name whose number is certain from the caption. */
export interface Counted {
  /** Singular. */
  noun: string
  total: number
  /** The count of each colour. Null when a colour is missing or mixed. */
  byColor: ReadonlyMap<string, number> | null
  /** The single things whose place is known. */
  placed: readonly { color: string | null; place: Place }[]
}

export interface CaptionReading {
  counted: readonly Counted[]
  /** Nouns that the caption says are not in the picture. */
  absent: readonly string[]
  relations: readonly { first: string; relation: Relation; second: string }[]
}

/**
 * Characters. Longer captions are not read: the part left out could take back what the rest says.
 */
export const longestCaption = 8000

/**
 * Reads what a caption certainly says about countable things: how many, in which colours, where.
 * The reader takes the caption as complete for the things that it counts, because captions are
 * asked to be complete. It concludes nothing about things that the caption does not name. The
 * reader is silent about a thing when any mention is outside its grammar ("some dogs", "it", "maybe
 * a dog", or a second sentence that may mean the same dogs).
 */
export function readCaption(caption: string): CaptionReading {
  const sentences = caption
    .split(/(?<=[.!?])\s+|[;\n]+|\s+[-•*]\s+/)
    .filter((sentence) => /\p{L}/u.test(sentence))
    .map(readSentence)
  if (sentences.some((sentence) => sentence.addsMore)) return { counted: [], absent: [], relations: [] }
  const loose = new Set(sentences.flatMap((sentence) => sentence.loose))
  const found = new Map<string, Found[]>()
  const definites: Told<Definite>[] = []
  sentences.forEach(({ mentions }, sentence) => {
    mentions.forEach((mention, at) => {
      if (mention.kind === 'definite') definites.push({ mention, sentence, at })
      else found.set(mention.noun, [...(found.get(mention.noun) ?? []), { mention, sentence, at }])
    })
  })
  const nouns = [...found.keys()]
  const counted = [...found].flatMap(([noun, intros]) =>
    isNamedElsewhere(noun, nouns, loose) || !areDistinct(intros) || definites.some((one) => obscures(one, noun, intros))
      ? []
      : [settle(noun, intros)],
  )
  return {
    counted,
    absent: sentences.flatMap(({ absent }) => absent).filter((noun) => !found.has(noun) && !isLoose(noun, loose)),
    relations: sentences.flatMap((sentence) => settledRelations(sentence, counted)),
  }
}

interface Told<Mention> {
  mention: Mention
  sentence: number
  at: number
}
type Found = Told<Intro>

const isLoose = (word: string, loose: ReadonlySet<string>): boolean =>
  loose.has(word) || loose.has(plural(word)) || [...loose].some((other) => singular(other) === word)

const lastWord = (noun: string): string => noun.slice(noun.lastIndexOf(' ') + 1)

/**
 * Whether the noun also occurs in unread words, in another name ("dog" beside "hot dog"), or as a
 * name that includes other things.
 */
function isNamedElsewhere(noun: string, nouns: readonly string[], loose: ReadonlySet<string>): boolean {
  const word = lastWord(noun)
  if (isLoose(word, loose)) return true
  if (hypernyms.has(word) && nouns.length > 1) return true
  return nouns.some((other) => other !== noun && lastWord(other) === word)
}

/**
 * Whether no two introductions can mean the same things: all are in one list, or each introduces a
 * single thing at its own place.
 */
function areDistinct(intros: readonly Found[]): boolean {
  const mentions = intros.map(({ mention }) => mention)
  if (mentions.some(({ dependent }) => dependent)) return false
  if (intros.length === 1) return true
  const first = intros[0]
  if (intros.every(({ sentence, mention }) => sentence === first?.sentence && mention.list === first.mention.list))
    return !restate(mentions)
  const places = mentions.map(({ place }) => place)
  if (mentions.some(({ count }) => count !== 1) || places.includes(null)) return false
  // "on the left" and "at the top left" may be the same place.
  const forms = new Set(places.map((place) => `${place?.row === null} ${place?.column === null}`))
  return forms.size === 1 && new Set(places.map((place) => place?.phrase)).size === places.length
}

/**
 * "Five balls, two red balls and three blue balls": later items of a list may repeat an earlier
 * item.
 */
function restate(mentions: readonly Intro[]): boolean {
  const colored = mentions.filter(({ color }) => color !== null).length
  const total = mentions.reduce((sum, { count }) => sum + count, 0)
  return (
    (colored > 0 && colored < mentions.length) ||
    (mentions.length > 2 && mentions.some(({ count }) => count === total - count))
  )
}

/** Whether `the …` may mean other things of that name than the introduced things. */
function obscures({ mention, sentence, at }: Told<Definite>, noun: string, intros: readonly Found[]): boolean {
  const word = lastWord(noun)
  const head = mention.words.find((one) => one === word || singular(one) === word)
  if (head === undefined) return false
  const first = intros[0]
  if (first === undefined || sentence < first.sentence || (sentence === first.sentence && at < first.at)) return true
  const total = intros.reduce((sum, intro) => sum + intro.mention.count, 0)
  const words = mention.words.slice(0, mention.words.indexOf(head))
  const stated = words.map((one) => numbers.get(one) ?? Number(one)).find((count) => !Number.isNaN(count))
  if (stated !== undefined && stated !== total) return true
  const described = words.filter((one) => Number.isNaN(numbers.get(one) ?? Number(one)))
  const isNamedSo = described.every((one) => intros.some((intro) => intro.mention.color === one || noun.includes(one)))
  return !isNamedSo || (mention.restricted && total > 1) || (head === word && total > 1 && singular(word) !== word)
}

function settle(noun: string, intros: readonly Found[]): Counted {
  const total = intros.reduce((sum, { mention }) => sum + mention.count, 0)
  const byColor = new Map<string, number>()
  for (const { mention } of intros)
    if (mention.color !== null) byColor.set(mention.color, (byColor.get(mention.color) ?? 0) + mention.count)
  return {
    noun,
    total,
    byColor: intros.every(({ mention }) => mention.color !== null) ? byColor : null,
    placed: intros.flatMap(({ mention: { count, color, place } }) =>
      count === 1 && place !== null ? [{ color, place }] : [],
    ),
  }
}

/** Relations between two things that are each the only thing of their name. */
function settledRelations({ relations }: SentenceReading, counted: readonly Counted[]): CaptionReading['relations'] {
  const isSingle = (noun: string) => counted.some((one) => one.noun === noun && one.total === 1)
  return relations.flatMap(({ first, relation, second }) =>
    first.noun !== second.noun && isSingle(first.noun) && isSingle(second.noun)
      ? [{ first: first.noun, relation, second: second.noun }]
      : [],
  )
}

import { contentHash } from '../../artifacts/hash.ts'
import { knownMetadata } from '../../domain/rows.ts'
import type { Row } from '../../domain/rows.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { Tally } from './tally.ts'

/**
 * The most distinct entries of a table; {@link Tally} says what happens after them. About 100 bytes
 * each.
 */
export const tableLimits = { words: 500_000, answers: 200_000, names: 10_000 }

/** How varied the questions of a dataset are. Samples and traces of one question count once. */
export interface Diversity {
  questions: number
  /** Distinct pictures, also pictures without a question. */
  pictures: number
  /**
   * Mean number of questions about a picture that has a question. Null without such a picture. A
   * question about two pictures counts for both.
   */
  questionsPerPicture: number | null
  /**
   * For each ability: its share of the questions that name abilities. The most frequent ability
   * first.
   */
  abilities: { ability: string; share: number }[]
  /** Questions that name abilities. */
  withAbilities: number
  /** Distinct sets of abilities that questions need together. */
  abilitySets: number
  /** Questions of each type. */
  types: { type: string; count: number }[]
  /** Bits. Null when no question has a value. Answers are compared trimmed and in lower case. */
  entropy: { types: number | null; categories: number | null; answers: number | null }
  /**
   * Figures of the questions' words and pairs of neighbouring words. Both shares fall as a dataset
   * grows, so compare datasets of equal size.
   */
  words: {
    /** Questions that these figures count. */
    questions: number
    /**
     * distinct-1: distinct words as a share of all words. distinct-2: the same for pairs. Li et al.
     * 2016, arXiv 1510.03055.
     */
    distinct1: number | null
    distinct2: number | null
    /** Bits. */
    entropy1: number | null
    entropy2: number | null
  }
  /** Names of the tables that became full. Their figures cover only the rows before. */
  cut: string[]
}

/** The fields of a row that the statistics read. */
export type Described = Pick<Row, 'images' | 'question' | 'choices' | 'answer' | 'metadata'>

export interface DiversityCounter {
  add(row: Described): void
  report(): Diversity
}

/**
 * Counts what questions ask, row by row. Types, categories and abilities are named as in WeThink's
 * dataset. Words replace embeddings: words need no model, and the same rows give the same figures
 * everywhere. Memory: a hash for each distinct question, a name for each picture, and tables within
 * `limits`.
 */
export function countDiversity(limits: typeof tableLimits = tableLimits): DiversityCounter {
  const seen = new Set<string>()
  const pictures = new Map<string, number>()
  const tables = {
    abilities: new Tally(limits.names),
    abilitySets: new Tally(limits.names),
    types: new Tally(limits.names),
    categories: new Tally(limits.names),
    answers: new Tally(limits.answers),
    words: new Tally(limits.words),
    pairs: new Tally(limits.words),
  }
  return {
    add({ images, question, choices, answer, metadata }) {
      const own = new Set(images)
      for (const image of own) if (!pictures.has(image)) pictures.set(image, 0)
      const text = bareQuestion(question)
      if (text === '') return
      const before = seen.size
      if (seen.add(contentHash([images, text, choices]).slice(0, 24)).size === before) return
      for (const image of own) pictures.set(image, (pictures.get(image) ?? 0) + 1)
      const { type, category, abilities = [] } = knownMetadata(metadata)
      const needed = [...new Set(abilities.map(plain).filter(Boolean))].sort()
      tables.abilities.add(needed)
      if (needed.length > 0) tables.abilitySets.add([needed.join(' + ')])
      if (type !== undefined) tables.types.add([type])
      if (category !== undefined && plain(category) !== '') tables.categories.add([plain(category)])
      if (answer !== null && plain(answer) !== '') tables.answers.add([plain(answer)])
      const words = wordsOf(text)
      // Both tables end at the same question, so that their figures cover the same questions.
      if (!tables.words.hasRoom || !tables.pairs.hasRoom) {
        tables.words.close()
        tables.pairs.close()
        return
      }
      tables.words.add(words)
      tables.pairs.add(words.slice(1).map((word, index) => `${words[index]} ${word}`))
    },
    report: () => ({
      questions: seen.size,
      pictures: pictures.size,
      questionsPerPicture: perPicture(pictures),
      abilities: tables.abilities
        .entries()
        .map(([ability, count]) => ({ ability, share: count / tables.abilities.items })),
      withAbilities: tables.abilities.items,
      abilitySets: tables.abilitySets.distinct,
      types: tables.types.entries().map(([type, count]) => ({ type, count })),
      entropy: {
        types: tables.types.entropy,
        categories: tables.categories.entropy,
        answers: tables.answers.entropy,
      },
      words: {
        questions: tables.words.items,
        distinct1: tables.words.distinctShare,
        distinct2: tables.pairs.distinctShare,
        entropy1: tables.words.entropy,
        entropy2: tables.pairs.entropy,
      },
      cut: Object.entries(tables).flatMap(([name, table]) => (table.isFull ? [name] : [])),
    }),
  }
}

const plain = (text: string): string => text.trim().toLowerCase()

/**
 * Letters and digits in lower case. Apostrophes, points and commas inside a word belong to the
 * word.
 */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’.,][\p{L}\p{N}]+)*/gu) ?? []

function perPicture(pictures: ReadonlyMap<string, number>): number | null {
  let [sum, asked] = [0, 0]
  for (const questions of pictures.values()) {
    sum += questions
    if (questions > 0) asked += 1
  }
  return asked === 0 ? null : sum / asked
}

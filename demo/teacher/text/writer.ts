import { allQuestions } from '../../questions.ts'
import type { Question, QuestionFamily } from '../../questions.ts'
import { createRandom, seedOf } from '../../random.ts'
import type { Random } from '../../random.ts'
import { positionName, shapeNames } from '../../scene.ts'
import type { Scene } from '../../scene.ts'
import { readQuestion } from '../read-prompt.ts'
import { decided, readKnown, sceneOf } from './known.ts'
import type { Known } from './known.ts'
import type { TextSettings } from './settings.ts'

/** A question that may be written, with its answer in words and not as a letter. */
interface Draft {
  question: string
  answer: string
  choices: readonly string[]
  kind: Kind
}

interface Kind {
  category: string
  abilities: readonly string[]
}

/** The abilities that a question of each family needs, and the category that it belongs to. */
const kindOf: Readonly<Record<QuestionFamily, Kind>> = {
  'count-color': { category: 'counting', abilities: ['recognition'] },
  'count-shape': { category: 'counting', abilities: ['recognition'] },
  'count-all': { category: 'counting', abilities: ['recognition'] },
  exists: { category: 'recognition', abilities: ['recognition'] },
  compare: { category: 'comparison', abilities: ['recognition', 'math'] },
  place: { category: 'position', abilities: ['recognition', 'spatial'] },
  difference: { category: 'arithmetic', abilities: ['recognition', 'math'] },
  sum: { category: 'arithmetic', abilities: ['recognition', 'math'] },
  'describe-row': { category: 'description', abilities: ['recognition', 'spatial', 'language generation'] },
}

/** Families of each type of question; choices of numbers are for a choice that needs math. */
const familiesOf = {
  choice: ['place', 'difference', 'sum'],
  'fill-in': ['count-color', 'count-shape', 'count-all', 'exists', 'compare', 'difference', 'sum', 'place'],
  descriptive: ['describe-row'],
} as const satisfies Record<string, readonly QuestionFamily[]>

type QuestionType = keyof typeof familiesOf

/**
 * Writes one question about what a description says, as JSON: of the type that is asked for, with
 * as many of the abilities as its families have, decided by the description. A question that was
 * asked already comes again only when there is no other. The words and errors depend only on the
 * teacher's seed, the prompt and the request's seed.
 */
export function writeQuestion(prompt: string, requestSeed: number, settings: TextSettings): string {
  const random = createRandom(seedOf(settings.seed, 'writer', prompt, requestSeed))
  const { description, type, abilities, asked } = readWritePrompt(prompt)
  const fails = random.chance(settings.writerErrorRate)
  const drafts = draftsOf(readKnown(description, settings.grid), type, random)
  const fresh = drafts.filter(({ question }) => !asked.includes(question.toLowerCase()))
  const open = fresh.length > 0 ? fresh : drafts
  if (open.length === 0) return 'There is too little to ask about.'
  const met = ({ kind }: Draft): number => kind.abilities.filter((ability) => abilities.includes(ability)).length
  const most = Math.max(...open.map(met))
  const best = open.filter((draft) => met(draft) === most)
  // Family, then answer, then question, as in the world's own files: answers are spread more evenly
  // this way.
  const category = random.pick([...new Set(best.map(({ kind }) => kind.category))])
  const inCategory = best.filter(({ kind }) => kind.category === category)
  const answer = random.pick([...new Set(inCategory.map((draft) => draft.answer))])
  const draft = random.pick(inCategory.filter((each) => each.answer === answer))
  return fails ? badReply(draft, random) : replyOf(draft)
}

function readWritePrompt(prompt: string): {
  description: string
  type: QuestionType
  abilities: string
  asked: string
} {
  const parts =
    /Description:\n([\s\S]*?)\n\nWrite one question [^\n]*\n\nType: *([\w-]+)\nAbilities: *([^\n]*)\nAlready asked:\n([\s\S]*?)\n\nThe question must/.exec(
      prompt,
    )
  const [, description = '', named = '', abilities = '', asked = ''] = parts ?? []
  const type = named === 'choice' || named === 'descriptive' ? named : 'fill-in'
  return { description, type, abilities: abilities.toLowerCase(), asked: asked.toLowerCase() }
}

/** Every question of a type that the known places decide. */
function draftsOf(known: Known, type: QuestionType, random: Random): Draft[] {
  const scene = sceneOf(known)
  const drafts = familiesOf[type].flatMap((family: QuestionFamily): Draft[] => [
    ...allQuestions(scene, family).map((question) => draftOf(question, kindOf[family])),
    ...(family === 'place' ? shapePlaces(scene) : []),
  ])
  return drafts
    .filter(({ question }) => {
      const asked = readQuestion(question)
      return asked !== undefined && decided(asked, known) !== undefined
    })
    .map((draft) => ({ ...draft, choices: type === 'choice' ? choicesOf(draft, random) : [] }))
}

function draftOf({ question, answer, choices }: Question, kind: Kind): Draft {
  const spoken = choices?.[(answer.codePointAt(0) ?? 0) - 65] ?? answer
  return { question, answer: spoken, choices: choices ?? [], kind }
}

function shapePlaces(scene: Scene): Draft[] {
  return scene.cells.flatMap((cell, index): Draft[] => {
    if (cell === null) return []
    const question = `Which shape is at the ${positionName(scene, index)}?`
    return [{ question, answer: cell.shape, choices: shapeNames, kind: kindOf.place }]
  })
}

/** Three or four choices in any order, the answer among them. */
function choicesOf({ answer, choices }: Draft, random: Random): string[] {
  const all = choices.length > 0 ? choices : ['0', '1', '2', '3', '4']
  const others = shuffled(
    all.filter((choice) => choice !== answer),
    random,
  )
  return shuffled([answer, ...others.slice(0, 2 + random.integer(2))], random)
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item)
}

function replyOf({ question, choices, kind }: Draft): string {
  return JSON.stringify({ question, ...(choices.length > 0 ? { choices } : {}), category: kind.category })
}

/**
 * The four ways to fail: about the description, with the answer in it, half a JSON, or nothing that
 * the picture decides.
 */
function badReply(draft: Draft, random: Random): string {
  const whole = replyOf(draft)
  const replies = [
    replyOf({ ...draft, question: draft.question.replace(/\?$/, ' according to the description?') }),
    replyOf({ ...draft, question: `${draft.question} The right answer is ${draft.answer}.` }),
    whole.slice(0, Math.floor(whole.length / 2)),
    replyOf({
      ...draft,
      question: "What is the artist's name?",
      choices: draft.choices.length > 0 ? ['Anna', 'Paul', 'Maria'] : [],
    }),
  ]
  return random.pick(replies)
}

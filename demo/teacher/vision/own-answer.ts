import { positionName } from '../../scene.ts'
import type { Scene } from '../../scene.ts'
import { readPrompt } from '../read-prompt.ts'
import { reasonOver } from '../reasoner.ts'
import type { ReasonerSettings } from '../reasoner.ts'
import type { Belief } from './caption-words.ts'

/**
 * The reasoner's work on a question about the seen things. The answer is `unknown` when there is no
 * rule.
 */
export interface Worked {
  thoughts: string
  explanation: string
  answer: string
}

/** The question and choices of a prompt, in the words of the prompt. */
export function askedIn(prompt: string): { question: string; choices: string[] } {
  const { question, choices } = readPrompt(prompt)
  return { question: question ?? '', choices }
}

/** A prompt for the reasoner, with the seen things as its description. */
export function reasonPrompt(
  scene: Scene,
  beliefs: readonly Belief[],
  { question, choices }: { question: string; choices: readonly string[] },
): string {
  const sentences = beliefs.flatMap((belief, index) => {
    if (belief === undefined) return []
    const what = belief === null ? 'nothing' : `a ${belief.color} ${belief.shape}`
    return [`At the ${positionName(scene, index)}: ${what}.`]
  })
  const lines = choices.map((choice, index) => `${String.fromCodePoint(65 + index)}. ${choice}\n`).join('')
  return `Description:\n${sentences.join(' ')}\n\nQuestion: ${question}\n${lines && `Choices:\n${lines}`}\n`
}

/** Works a question out in the reasoner's plainest words, without a slip or a second look. */
export function workOut(
  scene: Scene,
  beliefs: readonly Belief[],
  asked: { question: string; choices: readonly string[] },
  settings: ReasonerSettings,
): Worked {
  const plain = { ...settings, slipRate: 0, wordyShare: 0, reflectionShare: 0 }
  return readWorked(reasonOver(reasonPrompt(scene, beliefs, asked), 0, plain))
}

function readWorked(reply: string): Worked {
  const parts = /^<think>([\s\S]*)<\/think>([\s\S]*)<answer>([\s\S]*)<\/answer>$/.exec(reply)
  const [thoughts = '', explanation = '', answer = 'unknown'] = (parts ?? []).slice(1).map((part) => part.trim())
  return { thoughts, explanation, answer }
}

/** The thoughts without the sentence that names their answer, so that another end can be set. */
export function withoutEnd({ thoughts, answer }: Worked): string {
  const end = [`so ${answer}.`, `So the answer is ${answer}.`].find((each) => thoughts.endsWith(each))
  return end === undefined ? thoughts : thoughts.slice(0, -end.length).trimEnd()
}

/** Whether two answers are the same when case, marks and the letter of a choice are ignored. */
export function isSame(one: string, other: string, choices: readonly string[]): boolean {
  return plainAnswer(one, choices) === plainAnswer(other, choices)
}

function plainAnswer(answer: string, choices: readonly string[]): string {
  const plain = answer.trim().replace(/\.$/, '').toLowerCase()
  const letter = /^\(?([a-z])(?:[).:].*)?$/.exec(plain)?.[1]
  const choice = letter === undefined ? undefined : choices[(letter.codePointAt(0) ?? 0) - 97]
  return choice === undefined ? plain : choice.trim().toLowerCase()
}

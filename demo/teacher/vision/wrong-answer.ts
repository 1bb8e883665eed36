import type { Random } from '../../random.ts'
import { colorNames, shapeNames } from '../../scene.ts'
import { isSame } from './own-answer.ts'

/**
 * An answer of the same form that is not the given one: another choice, number, verdict, colour or
 * shape.
 */
export function wrongAnswer(answer: string, choices: readonly string[], random: Random): string {
  const plain = answer.trim().toLowerCase()
  if (choices.length > 1) {
    const letters = choices.map((_, index) => String.fromCodePoint(65 + index))
    const others = letters.filter((letter) => !isSame(letter, answer, choices))
    return random.pick(others.length > 0 ? others : letters)
  }
  if (plain === 'yes') return 'no'
  if (plain === 'no') return 'yes'
  if (/^\d+$/.test(plain)) return String(plain === '0' || random.chance(0.5) ? Number(plain) + 1 : Number(plain) - 1)
  for (const words of [colorNames, shapeNames]) {
    const said = words.filter((word) => new RegExp(String.raw`\b${word}\b`).test(plain))
    if (said.length === 0) continue
    const from = random.pick(said)
    return plain.replace(from, random.pick(words.filter((word) => word !== from)))
  }
  return `a ${random.pick(colorNames)} ${random.pick(shapeNames)}`
}

import type { AnswerKind } from '../../domain/answer-check.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { Draw } from './draw.ts'
import { inWords } from './format-families.ts'
import { proseFrames, proseSubjects, proseTemplates } from './prose-texts.ts'
import type { ProseSubject } from './prose-texts.ts'

/**
 * Completions in prose that no rule was written for: the answer is somewhere in one to three
 * sentences, with no mark around it and often in words. A rule may leave such a text open, so that
 * a judge reads it. It must not call a right answer incorrect, and not pay for a wrong answer.
 */
export interface ProseCase extends VerifyCase {
  equal: boolean
  subject: ProseSubject
}

/** A value as a completion and as a gold write it, and another value of the same sort. */
interface Value {
  gold: string
  right: string[]
  wrong: string[]
  kind: AnswerKind
  choices?: string[]
}

const months = ['January', 'March', 'April', 'June', 'July', 'August', 'October', 'December'] as const
const ordinal = (day: number): string =>
  `${day}${day === 1 || day === 21 ? 'st' : day === 2 || day === 22 ? 'nd' : 'th'}`
const hourWords = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'] as const

/** Draws a value of each subject. The templates of prose-texts.ts have the same subjects. */
const subjects: Record<ProseSubject, (draw: Draw) => Value> = {
  number(draw) {
    const n = draw.int(3, 98)
    // Far enough for a chart, where 5 % are allowed.
    const m = 2 * n + draw.int(1, 20)
    const forms = (value: number): string[] => [String(value), inWords(value)]
    return { gold: String(n), right: forms(n), wrong: forms(m), kind: draw.of('number', 'auto', 'chart') }
  },
  amount(draw) {
    const n = draw.int(3, 98)
    const [unit, words] = draw.of(['km', 'kilometers'], ['kg', 'kilograms'], ['hours', 'hours'], ['cm', 'centimeters'])
    const forms = (value: number): string[] => [`${value} ${unit}`, `${value} ${words}`, `${inWords(value)} ${words}`]
    return { gold: `${n} ${unit}`, right: forms(n), wrong: forms(n + draw.int(1, 9)), kind: draw.of('number', 'auto') }
  },
  expression(draw) {
    const [a, b] = [draw.int(2, 30), draw.int(2, 9)]
    const [gold, right, wrong] = draw.of<[string, string[], string[]]>(
      [`${a}\\pi`, [`${a}π`, `$${a}\\pi$`, `${a} pi`], [`${a + 1}π`, `$${a}\\pi^2$`]],
      [`\\frac{${2 * b + 1}}{${2 * b}}`, [`${2 * b + 1}/${2 * b}`, `$\\frac{${2 * b + 1}}{${2 * b}}$`], [`${2 * b}/${2 * b + 1}`]],
      [`${b}\\sqrt{3}`, [`$${b}\\sqrt{3}$`, `${b}√3`, `${b} times the square root of 3`], [`$${b}\\sqrt{2}$`, `${b + 1}√3`]],
      [`x^2 + ${a}`, [`$x^2 + ${a}$`, `x² + ${a}`], [`$x^2 - ${a}$`, `x² + ${a + 1}`]],
      [`-${a}`, [`-${a}`, `minus ${a}`, `negative ${inWords(a)}`], [String(a), `minus ${a + 1}`]],
    )
    return { gold, right, wrong, kind: draw.of('auto', 'expression') }
  },
  choice(draw) {
    const choices = [...draw.of(['red', 'blue', 'green'], ['Paris', 'London', 'Rome'], ['a cube', 'a cone', 'a ball'])]
    const at = draw.int(0, 2)
    const other = (at + draw.int(1, 2)) % 3
    const forms = (i: number): string[] => [`option ${'ABC'.charAt(i)}`, `(${'ABC'.charAt(i)})`, choices[i] ?? '', 'ABC'.charAt(i)]
    return { gold: 'ABC'.charAt(at), right: forms(at), wrong: forms(other), kind: 'choice', choices }
  },
  word(draw) {
    const [gold, other] = draw.shuffled(['granite', 'copper', 'a lighthouse', 'the violin', 'Marie Curie', 'Lake Victoria', 'sandstone', 'Helsinki'])
    return { gold: (gold ?? '').replace(/^(?:a|the) /, ''), right: [gold ?? ''], wrong: [other ?? ''], kind: draw.of('text', 'auto') }
  },
  date(draw) {
    const [day, year, month] = [draw.int(3, 20), draw.int(1700, 2020), draw.of(...months)]
    const forms = (d: number): string[] => [`${month} ${d}, ${year}`, `the ${ordinal(d)} of ${month} ${year}`, `${d} ${month} ${year}`]
    return { gold: `${month} ${day}, ${year}`, right: forms(day), wrong: forms(day + 1), kind: draw.of('date', 'auto') }
  },
  time(draw) {
    const hour = draw.int(1, 10)
    const forms = (h: number): string[] => [`${h}:15`, `quarter past ${hourWords[h - 1]}`, `fifteen minutes past ${hourWords[h - 1]}`, `${h}.15`]
    return { gold: `${hour}:15`, right: forms(hour), wrong: forms(hour + 1), kind: 'time' }
  },
  list(draw) {
    const [a, b, c] = [draw.int(2, 30), draw.int(31, 60), draw.int(61, 90)]
    const forms = (x: number): string[] => [`${a}, ${b} and ${x}`, `${a}, ${b}, as well as ${x}`, `${inWords(a)}, ${inWords(b)} and ${inWords(x)}`, `${x} together with ${a} and ${b}`]
    return { gold: `${a}, ${b}, ${c}`, right: forms(c), wrong: forms(c + 1), kind: draw.of('list', 'auto') }
  },
  yesno(draw) {
    const yes = ['it does', 'they are the same', 'it certainly is', 'that is true']
    const no = ["it doesn't", 'they differ', 'it certainly is not', 'that is false']
    const isYes = draw.chance(0.5)
    return { gold: isYes ? 'Yes' : 'No', right: isYes ? yes : no, wrong: isYes ? no : yes, kind: draw.of('yesno', 'auto') }
  },
} // prettier-ignore

/** `count` cases, half of them right. The same seed gives the same cases. */
export function generateProse(seed: number, count: number): ProseCase[] {
  const draw = new Draw(seed)
  return Array.from({ length: count }, (_, i): ProseCase => {
    const subject = proseSubjects[i % proseSubjects.length] ?? 'number'
    const { right, wrong, ...rest } = subjects[subject](draw)
    const equal = draw.chance(0.5)
    const [form = '', ...otherForms] = equal ? right : wrong
    const said = draw.of(form, ...otherForms)
    const [first, ...others] = proseTemplates[subject]
    const sentence = draw.of<string>(first, ...others).replace('#', () => said)
    const [before, after] = [draw.of<string>('', ...proseFrames.before), draw.of<string>('', ...proseFrames.after)]
    const text = [draw.chance(0.5) ? before : '', sentence, draw.chance(0.4) ? after : ''].filter(Boolean).join(' ')
    const answer = text.replace(/^[a-z]/, (c) => c.toUpperCase())
    return { ...rest, id: `${subject}-${i}`, subject, answer, equal }
  })
}

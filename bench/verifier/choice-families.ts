import { either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

const sets: readonly [readonly string[], ...(readonly string[])[]] = [
  ['red', 'blue', 'green', 'yellow'],
  ['Paris', 'London', 'Rome', 'Madrid'],
  ['12 N', '24 N', '36 N', '48 N'],
  ['a triangle', 'a square', 'a circle', 'a hexagon'],
  ['It rises', 'It falls', 'It stays the same', 'It cannot be determined'],
  ['$\\frac{1}{2}$', '$\\frac{1}{3}$', '$\\frac{1}{4}$', '$\\frac{1}{6}$'],
  ['photosynthesis', 'respiration', 'osmosis', 'diffusion'],
  ['5', '15', '25', '35'],
]

interface Question {
  letter: string
  text: string
  other: string
  otherText: string
  third: string
  all: string
  choices: string[]
}

function question(draw: Draw): Question {
  const choices = [...draw.of(...sets)]
  const at = draw.shuffled([0, 1, 2, 3])
  const letterOf = (i: number | undefined): string => 'ABCD'.charAt(i ?? 0)
  return {
    letter: letterOf(at[0]),
    text: choices[at[0] ?? 0] ?? '',
    other: letterOf(at[1]),
    otherText: choices[at[1] ?? 1] ?? '',
    third: letterOf(at[2]),
    all: choices.map((text, i) => `${letterOf(i)}. ${text}`).join('\n'),
    choices,
  }
}

/** Ways in which a completion picks the option `letter` with this text. */
const picks = (letter: string, text: string, other: string, third: string): string[] => [
  `${letter}, not ${other}`,
  `(${letter})`,
  `${letter}.`,
  `${letter}. ${text}`,
  `${letter}) ${text}`,
  `Option ${letter}`,
  `Option (${letter}) is correct.`,
  `The correct option is ${letter}.`,
  `The answer is (${letter}) ${text}.`,
  `\\boxed{${letter}}`,
  `\\boxed{\\text{${letter}}}`,
  `\\boxed{${text.startsWith('$') ? `(${letter}) ${text.replaceAll('$', '')}` : `\\text{(${letter}) ${text}}`}}`,
  `**${letter}**`,
  `${letter}, because ${other} is too far away.`,
  `It cannot be ${other}, so the answer is ${letter}.`,
  `${other} and ${third} are wrong. The answer is ${letter}.`,
  `I would choose ${letter}.`,
  `${letter} is the right choice.`,
  `Answer: ${letter}`,
  `Let us look at the options.\n\nOption ${other} is wrong.\n\nTherefore, the correct answer is **${letter}**.`,
  `The figure shows it clearly, so we pick option ${letter}.`,
  `${letter} – ${text}`,
  `The answer is ${letter} rather than ${other}.`,
]

function clearPicks(draw: Draw): Made {
  const { letter, text, other, otherText, third, all, choices } = question(draw)
  const hasChoices = draw.chance(0.6)
  const vague = [
    `${letter} or ${other}`,
    `Either ${letter} or ${other}`,
    `${letter} and ${other}`,
    `not ${letter}`,
    `Not ${letter} but ${other}`,
    `${letter}, ${other}`,
    `It is between ${letter} and ${other}.`,
    `The answer is ${letter} or ${other}.`,
    'All of the above',
    `\\boxed{${letter}${other}}`,
    `A, B, C, D`,
    all,
    `The options are:\n${all}`,
    `The answer is not ${letter}.`,
    ...(hasChoices ? [`${letter}: ${otherText}`] : []),
    `Maybe ${letter}, maybe ${other}, maybe ${third}.`,
  ]
  const right = picks(letter, text, other, third)
  const wrong = picks(other, otherText, letter, third)
  return { ...either(draw, letter, right, draw.chance(0.5) ? vague : wrong), ...(hasChoices ? { choices } : {}) }
}

/** Texts of options as the answer, without the letter. */
function optionTexts(draw: Draw): Made {
  const { letter, text, otherText, choices } = question(draw)
  const say = (option: string): string[] => [
    option,
    `${option}.`,
    `The answer is ${option}.`,
    `**${option}**`,
    `<answer>${option}</answer>`,
  ]
  return { ...either(draw, letter, say(text), say(otherText)), choices }
}

function several(draw: Draw): Made {
  const { choices } = question(draw)
  const picked = draw.chance(0.5) ? [0, 2] : [0, 1, 3]
  const letters = picked.map((i) => 'ABCD'.charAt(i))
  const texts = picked.map((i) => `${'ABCD'.charAt(i)}. ${choices[i]}`)
  const right = [
    letters.join(''),
    letters.join(', '),
    letters.join(' and '),
    texts.join(', '),
    `\\boxed{${letters.join(', ')}}`,
    letters.toReversed().join(', '),
    `The answer is ${letters.join(', ')}.`,
    `(${letters.join('), (')})`,
  ]
  const wrong = [
    letters[0] ?? '',
    [...letters.slice(1), 'C', 'B'].slice(0, letters.length).join(', '),
    'ABCD',
    'A, B, C, D',
    letters.slice(1).join(', '),
    `\\boxed{${letters.slice(0, -1).join('')}}`,
    `${letters[0]} or ${letters[1]}`,
  ]
  return {
    ...either(
      draw,
      letters.join(''),
      right,
      wrong.filter((text) => !isSame(text, letters)),
    ),
    ...(draw.chance(0.5) ? { choices } : {}),
  }
}

function isSame(text: string, letters: readonly string[]): boolean {
  return (
    Array.from(text.replace(/[^A-D]/g, ''))
      .sort()
      .join('') === letters.join('')
  )
}

function afterTheBox(draw: Draw): Made {
  const { letter, text, other, otherText, choices } = question(draw)
  const value = draw.of('12 N', 'x = 3', '\\frac{1}{2}', '45^\\circ', '7.5 \\text{ m}')
  const end = (pick: string, its: string): string[] => [
    `We get \\boxed{${value}}. Final Answer: ${pick}`,
    `The value is $\\boxed{${value}}$.\n\nThe correct option is ${pick}.`,
    `\\boxed{${value}}\n\n**Answer: ${pick}**`,
    `Hence \\boxed{${value}}, which is option ${pick}.`,
    `So \\boxed{${value}}. Therefore the answer is (${pick}) ${its}.`,
    `<think>I compute \\boxed{${value}}.</think><answer>${pick}</answer>`,
  ]
  return { ...either(draw, letter, end(letter, text), end(other, otherText)), ...(draw.chance(0.4) ? { choices } : {}) }
}

/** Chinese and other languages pick an option. */
const foreignPicks = (letter: string): string[] => [
  `综上所述，故选：${letter}。`,
  `因此选项${letter}正确。`,
  `所以答案是${letter}。`,
  `正确答案是${letter}。`,
  `故本题选${letter}。`,
  `答案：${letter}`,
  `答案为（${letter}）`,
  `应选${letter}项。`,
  `Die richtige Antwort ist ${letter}.`,
  `Richtig ist Antwort ${letter}.`,
  `La bonne réponse est ${letter}.`,
  `La réponse correcte est la ${letter}.`,
  `La respuesta correcta es la ${letter}.`,
  `La opción correcta es ${letter}.`,
  `A resposta correta é ${letter}.`,
  `La risposta corretta è ${letter}.`,
  `正解は${letter}です。`,
  `答えは${letter}です。`,
  `정답은 ${letter}입니다.`,
  `정답: ${letter}`,
  `Правильный ответ: ${letter}.`,
  `الإجابة الصحيحة هي ${letter}.`,
  `सही उत्तर ${letter} है।`,
  `Đáp án đúng là ${letter}.`,
  `Jawaban yang benar adalah ${letter}.`,
]

function otherLanguages(draw: Draw): Made {
  const { letter, other } = question(draw)
  return either(draw, letter, foreignPicks(letter), foreignPicks(other))
}

export const choiceFamilies: readonly Family[] = [
  { name: 'clear pick', kind: 'choice', wrapping: 'none', make: clearPicks },
  { name: 'clear pick, by itself', kind: 'auto', wrapping: 'none', make: clearPicks },
  { name: 'text of an option', kind: 'choice', wrapping: 'none', make: optionTexts },
  { name: 'several options', kind: 'choice', wrapping: 'none', make: several },
  { name: 'option after the box', kind: 'choice', wrapping: 'none', make: afterTheBox },
  { name: 'pick in other languages', kind: 'choice', wrapping: 'none', make: otherLanguages },
]

import { either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

/** Short sentences that state one number. # is the number. */
const statements: readonly [string, ...string[]] = [
  'It takes # minutes.',
  'The area is #.',
  'There are # apples in the basket.',
  'She has # marbles left.',
  'He paid # dollars in total.',
  'The train travels # kilometers.',
  'The total is #.',
  'We have # of them.',
  'A total of # tickets were sold.',
  'The bar shows #.',
  'The value for May is #.',
  'The bottle holds # liters.',
  'Tom needs # more days.',
  '# people came to the party.',
  '# is the answer.',
  'So the sum equals #.',
  'The perimeter comes to #.',
  'That makes # in all.',
  'The machine weighs # kg.',
  'The result of the calculation is #.',
  'It costs #.',
  'Their average is #.',
  'I count # dots.',
  'I see # birds.',
  'Altogether there are # chairs.',
  'The missing number is #.',
  'The clock has been running for # hours.',
  'The shop sold # bikes that day.',
  'In the picture there are # windows.',
  'Anna is # years old.',
  'n = #.',
  'Therefore, the number of pupils is #.',
  'Thus we obtain #.',
  'Hence # cups are needed.',
  'The height of the tower is # meters.',
]

const foreign: readonly [string, ...string[]] = [
  'Die Antwort ist #.',
  'Das Ergebnis lautet #.',
  'Es sind insgesamt # Äpfel.',
  'Die Lösung ist #.',
  'Also beträgt die Summe #.',
  'La réponse est #.',
  'Le résultat est #.',
  'Il y a # pommes.',
  'Donc la somme vaut #.',
  'La respuesta es #.',
  'El resultado es #.',
  'Hay # manzanas.',
  'Por lo tanto, la respuesta final es #.',
  'A resposta é #.',
  'Há # maçãs.',
  'La risposta è #.',
  'Ci sono # mele.',
  '答案是#。',
  '答案为#。',
  '所以，一共是#。',
  '因此，最终答案是#。',
  '共有#人。',
  '答えは#です。',
  '合計は#個です。',
  'りんごは#個あります。',
  '답은 #입니다.',
  '정답은 #이다.',
  '모두 #개입니다.',
  'Ответ: #.',
  'Ответ — #.',
  'Всего # яблок.',
  'الإجابة هي #.',
  'الجواب: #',
  'उत्तर # है।',
  'Đáp án là #.',
  'Cevap: #',
  'Het antwoord is #.',
  'Odpowiedź: #.',
  'Jawabannya adalah #.',
]

const from =
  (...forms: readonly [string, ...string[]]) =>
  (draw: Draw): Made => {
    const n = draw.int(3, 950)
    const other = draw.of(n + draw.int(1, 9), n * 10, Math.max(1, n - draw.int(1, 2)))
    const put = (value: number): string[] => forms.map((form) => form.replace('#', String(value)))
    return either(draw, String(n), put(n), put(other))
  }

/** Sentences that state a value other than a whole number. */
function expressions(draw: Draw): Made {
  const [a, b] = [draw.int(2, 40), draw.int(2, 9)]
  const [gold, other] = draw.of<[string, string]>(
    [`${a}\\pi`, `${a + 1}\\pi`],
    [`\\frac{${2 * a + 1}}{${2 ** b}}`, `\\frac{${2 * a + 3}}{${2 ** b}}`],
    [`${a}\\sqrt{3}`, `${a}\\sqrt{5}`],
    [`${a}.${b}5`, `${a}.${b}`],
    [`-${a}`, String(a)],
    [`(${a}, -${b})`, `(-${b}, ${a})`],
    [`x^2 + ${a}`, `x^2 - ${a}`],
  )
  const say = (value: string): string[] => [
    `The area is $${value}$.`,
    `The answer is $${value}$.`,
    `So the value is ${value}.`,
    `Thus we get $${value}$.`,
    `The result equals \\(${value}\\).`,
    `Therefore, the solution is $${value}$`,
    `Die Lösung ist $${value}$.`,
    `答案是$${value}$。`,
    `La réponse est $${value}$.`,
    `The final value is: ${value}`,
  ]
  return either(draw, gold, say(gold), say(other))
}

function withUnit(draw: Draw): Made {
  const n = draw.int(2, 300)
  const [unit, written, wrongUnit] = draw.of<[string, string, string]>(
    ['km', 'kilometers', 'meters'],
    ['kg', 'kilograms', 'grams'],
    ['cm', 'centimeters', 'meters'],
    ['minutes', 'min', 'hours'],
    ['m/s', 'meters per second', 'kilometers per hour'],
    ['dollars', 'dollars', 'cents'],
    ['°C', 'degrees Celsius', 'degrees Fahrenheit'],
  )
  const say = (text: string): string[] => [
    `It is ${text}.`,
    `The answer is ${text}.`,
    `We find that it is ${text}.`,
    `The result is about ${text}.`,
    `So we need ${text}.`,
    `The measurement shows ${text}.`,
  ]
  return either(
    draw,
    `${n} ${unit}`,
    [...say(`${n} ${unit}`), ...say(`${n} ${written}`)],
    [...say(`${n} ${wrongUnit}`), ...say(`${n + 3} ${unit}`)],
  )
}

function yesNo(draw: Draw): Made {
  const yes = [
    'Yes',
    'Yes, it is.',
    'Yes, the triangle is isosceles.',
    'yes.',
    'The answer is yes.',
    '**Yes**',
    '\\boxed{\\text{Yes}}',
    'Yes, they are the same.',
    'Answer: Yes',
  ]
  const no = [
    'No',
    'No, it is not.',
    "No, it isn't.",
    'no.',
    'The answer is no.',
    '**No**',
    '\\boxed{\\text{No}}',
    'No, they are different.',
    'Answer: No',
  ]
  const vague = ['Yes and no.', 'Yes or no', 'Maybe.', 'It depends.']
  const isYes = draw.chance(0.5)
  const gold = isYes ? draw.of('\\text{Yes}', 'Yes', 'yes', '$\\text{Yes}$') : draw.of('\\text{No}', 'No', 'no')
  return either(draw, gold, isYes ? yes : no, [...(isYes ? no : yes), ...vague])
}

/** A negation or an alternative in the sentence: the number is no answer. */
function notStated(draw: Draw): Made {
  const n = draw.int(3, 400)
  const wrong = [
    `It is not ${n}.`,
    `The answer is not ${n}.`,
    `It is ${n} or ${n + 1}.`,
    `It is either ${n} or ${n + 4}.`,
    `More than ${n}.`,
    `It takes less than ${n} minutes.`,
    `It is at least ${n}.`,
    `The answer could be ${n}, ${n + 1} or ${n + 2}.`,
    `It is ${n} more than before.`,
    `It is twice ${n}.`,
    `Half of ${n}.`,
    `I am not sure that it is ${n}.`,
    `${n} is wrong.`,
    `Nobody knows, perhaps ${n}.`,
  ]
  return either(draw, String(n), [`It is ${n}.`, `The answer is ${n}, not ${n + 1}.`, `It is exactly ${n}.`], wrong)
}

export const sentenceFamilies: readonly Family[] = [
  { name: 'short sentence', kind: 'number', wrapping: 'none', make: from(...statements) },
  { name: 'short sentence, by itself', kind: 'auto', wrapping: 'none', make: from(...statements) },
  { name: 'other languages', kind: 'number', wrapping: 'none', make: from(...foreign) },
  { name: 'other languages, by itself', kind: 'auto', wrapping: 'none', make: from(...foreign) },
  { name: 'sentence with an expression', kind: 'auto', wrapping: 'none', make: expressions },
  { name: 'sentence with a unit', kind: 'auto', wrapping: 'none', make: withUnit },
  { name: 'yes or no', kind: 'auto', wrapping: 'none', make: yesNo },
  { name: 'not stated', kind: 'number', wrapping: 'none', make: notStated },
]

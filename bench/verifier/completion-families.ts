import { either } from './pair.ts'
import type { Draw } from './draw.ts'
import type { Family, Made } from './pair.ts'

// Whole completions: the marks of model families, boxes and what touches them, retractions, and
// texts that end too early.

/** A completion whose reasoning says one value and whose answer says another. */
type Marked = (reasoning: string, answer: string) => string

const marked: readonly [Marked, ...Marked[]] = [
  (r, a) => `<think>${r}</think>\n\n${a}`,
  (r, a) => `<think>${r}</think><answer>${a}</answer>`,
  (r, a) => `<think>${r}</think>\n<answer><|begin_of_box|>${a}<|end_of_box|></answer>`,
  (r, a) => `<think>${r}</think>The value is <|begin_of_box|>${a}<|end_of_box|>.`,
  (r, a) => `[THINK]${r}[/THINK]${a}`,
  (r, a) => `[THINK]${r}[/THINK]\n\\boxed{${a}}`,
  (r, a) => `<thinking>${r}</thinking>\n\n${a}`,
  (r, a) => `<thought>\n${r}\n</thought>\n${a}`,
  (r, a) => `◁think▷${r}◁/think▷**${a}**`,
  (r, a) => `<seed:think>${r}</seed:think>${a}`,
  (r, a) => `<reasoning>${r}</reasoning>\n<answer>${a}</answer>`,
  (r, a) => `${r}\n</think>\n\nThe answer is ${a}.`,
  (r, a) => `<|channel|>analysis<|message|>${r}<|end|><|start|>assistant<|channel|>final<|message|>${a}<|return|>`,
  (r, a) => `analysis${r}assistantfinal${a}`,
  (r, a) =>
    `<SUMMARY>I count.</SUMMARY>\n<CAPTION>A table.</CAPTION>\n<REASONING>${r}</REASONING>\n<CONCLUSION>${a}</CONCLUSION>`,
  (r, a) => `<think>${r}</think>\n\n\\boxed{${a}}<|im_end|>`,
  (r, a) => `<think>${r}</think>${a}</s>`,
  (r, a) => `<think>${r}</think>${a}<|eot_id|>`,
  (r, a) => `<think>${r}</think>${a}<end_of_turn>`,
  (r, a) => `<|begin_of_thought|>${r}<|end_of_thought|>\n<|begin_of_solution|>${a}<|end_of_solution|>`,
  (r, a) => `<|START_THINKING|>${r}<|END_THINKING|><|START_RESPONSE|>${a}<|END_RESPONSE|>`,
  (r, a) => `<think>${r}</think><response>${a}</response>`,
  (r, a) => `<Think>${r}</Think><Answer>${a}</Answer>`,
]

function marks(draw: Draw): Made {
  const n = draw.int(3, 990)
  const other = n + draw.int(1, 60)
  const say = (value: number): string =>
    draw.of(`First I get ${value}.`, `It looks like ${value}, so \\boxed{${value}}.`, `${value - 1} + 1 = ${value}`)
  const form = draw.of(...marked)
  return either(
    draw,
    String(n),
    [form(say(other), String(n))],
    [
      form(say(n), String(other)),
      `<think>${say(n)}`,
      `[THINK]${say(n)}`,
      `<|channel|>analysis<|message|>${say(n)}`,
      `◁think▷${say(n)}`,
    ].slice(0, draw.chance(0.7) ? 1 : 5),
  )
}

function ownMarks(draw: Draw): Made {
  const n = draw.int(3, 990)
  const other = n + draw.int(1, 60)
  const [answerTags, reasoningTags] = draw.of<[[string, string], [string, string]]>(
    [
      ['<solution>', '</solution>'],
      ['<work>', '</work>'],
    ],
    [
      ['[ANSWER]', '[/ANSWER]'],
      ['[WORK]', '[/WORK]'],
    ],
    [
      ['⟦', '⟧'],
      ['<scratchpad>', '</scratchpad>'],
    ],
    [
      ['<<<', '>>>'],
      ['{{', '}}'],
    ],
  )
  const form = (reasoning: number, answer: number): string =>
    `${reasoningTags[0]}I get ${reasoning} here.${reasoningTags[1]}\n${answerTags[0]}${answer}${answerTags[1]}`
  return {
    ...either(draw, String(n), [form(other, n), form(n, n)], [form(n, other), form(other, other)]),
    policy: { answerTags, reasoningTags },
  }
}

function besideTheBox(draw: Draw): Made {
  const n = draw.int(2, 400)
  const box = (value: number | string): string => `\\boxed{${value}}`
  const [gold, right, wrong] = draw.of<[string, string[], string[]]>(
    [`${n} kg`, [`${box(n)}\\text{ kg}`, `${box(n)} kg`, `$${box(n)}\\,\\mathrm{kg}$`, box(`${n}\\text{ kg}`)], [`${box(n)}\\text{ g}`, `${box(n)} g`, `-${box(n)}\\text{ kg}`, `$${box(n)}$ grams`]],
    [`${n} m`, [`${box(n * 100)}\\text{ cm}`, `$${box(n * 1000)}$ mm`, `${box(n)} meters`], [`${box(n)}\\text{ cm}`, `${box(n * 100)}\\text{ m}`, `$${box(n)}$ km`]],
    [String(n * 1_000_000), [`${box(n)} million`, `${box(n)}\\text{ million}`, box(n * 1_000_000)], [box(n), `${box(n)} thousand`, `${box(n)} billion`, `${box(n * 1_000_000)} million`]],
    [`${n}%`, [`${box(n)}\\%`, `${box(n)}%`, `$${box(n)}\\%$`, `${box(n)} percent`], [`${box(n + 1)}\\%`, `${box(n * 10)}%`, `-${box(n)}\\%`]],
    [`-${n}`, [`-${box(n)}`, `$-${box(n)}$`, box(-n)], [box(n), `$${box(n)}$`, `-${box(-n)}`]],
    [`$${n}`, [`\\$${box(n)}`, `$${box(n)} dollars`, box(`\\$${n}`)], [`€${box(n)}`, `${box(n)} cents`, `\\$${box(n + 1)}`]],
    [String(n), [box(n), `$${box(n)}$.`, `${box(n)} apples`], [`${box(n)} thousand`, `-${box(n)}`, `${box(n)}\\times 10^3`, `${box(n)}^2`, `2${box(n)}`, `\\frac{${box(n)}}{2}`]],
    [`${n} m^2`, [`${box(n)}\\text{ m}^2`, `${box(n)} square meters`, `${box(n)}\\ \\text{m}^2`], [`${box(n)}\\text{ m}`, `${box(n)} cubic meters`, `${box(n)}\\text{ cm}^2`]],
  ) // prettier-ignore
  const say = (text: string): string =>
    draw.of(text, `So we get ${text}.`, `The result is\n\n${text}`, `Adding both gives ${text}`)
  return either(draw, gold, right.map(say), wrong.map(say))
}

function boxInBox(draw: Draw): Made {
  const n = draw.int(2, 900)
  const forms = (value: number): string[] => [
    `\\boxed{\\boxed{${value}}}`,
    `\\fbox{\\boxed{${value}}}`,
    `$\\boxed{\\boxed{\\boxed{${value}}}}$`,
    `\\boxed{{${value}}}`,
    `\\boxed{\\text{${value}}}`,
    `\\boxed{$${value}$}`,
    `\\boxed{\\mathbf{${value}}}`,
    `\\boxed{x = \\boxed{${value}}}`,
    `\\boxed{\\displaystyle ${value}}`,
    `\\boxed{\\left(\\boxed{${value}}\\right)}`,
    `\\boxed{\\begin{array}{c} ${value} \\end{array}}`,
    `\\boxed {${value}}`,
    `\\framebox{${value}}`,
  ]
  return either(draw, String(n), forms(n), [
    ...forms(n + draw.int(1, 9)),
    `\\boxed{\\boxed{${n}} + 1}`,
    `\\boxed{${n}} \\text{ then } \\boxed{${n + 2}}`,
    `\\boxed{2 \\cdot \\boxed{${n}}}`,
  ])
}

function retractions(draw: Draw): Made {
  const n = draw.int(2, 500)
  const m = n + draw.int(1, 40)
  const turn = (before: number, after: number): string[] => [
    `The answer is ${before}. Wait, no. It is ${after}.`,
    `The answer is ${before}. Actually, I made a mistake. The answer is ${after}.`,
    `\\boxed{${before}}. Hold on, that is wrong. \\boxed{${after}}`,
    `The answer is ${before}. Scratch that, the answer is ${after}.`,
    `So the answer is ${before}.\n\nWait, let me re-check: I forgot one. The correct answer is ${after}.`,
    `The result is ${before}. Correction: the result is ${after}.`,
    `The answer is ${before}. Hmm, that is not right. The answer is ${after}.`,
    `Answer: ${before}\n\nSorry, I meant:\n\nAnswer: ${after}`,
    `I first thought it was ${before}, but the answer is ${after}.`,
    `答案是${before}。等等，不对，答案是${after}。`,
    `The answer is ${before}. No, wait, the answer is ${after}.`,
    `The answer is not ${before}. The answer is ${after}.`,
  ]
  const kept = [
    `The answer is ${n}. Wait, let me double-check: ${n - 1} + 1 = ${n}. Yes, the answer is ${n}.`,
    `The answer is ${n}. Let me verify. It checks out.`,
  ]
  const open = [
    `The answer is ${n}. Wait, that is wrong.`,
    `\\boxed{${n}}. No, that cannot be right.`,
    `The answer is ${n}. Hmm, I made a mistake.`,
    `The answer is ${n}. Actually no.`,
  ]
  return either(draw, String(n), [...turn(m, n), ...kept], [...turn(n, m), ...open])
}

function cutTexts(draw: Draw): Made {
  const [a, b] = [draw.int(3, 60), draw.int(3, 60)]
  const n = a + b
  const begin = draw.of(
    `To solve this problem, we first look at the table. The first row has ${a} entries and the second row has ${b} entries. `,
    `Let me work through it step by step. There are ${a} red balls in the box. There are also ${b} blue balls in it. `,
    `We are given two lengths, ${a} and ${b}, and we are asked for their sum. The sum of two lengths is easy to find. `,
  )
  const ends = [
    `Adding them gives ${n}. Next, we have to multiply this by the`,
    `Together that is ${n}, and therefore the`,
    `So we have ${n}. Now we need to check whether`,
    `The sum is $${a} + ${b} = ${n}$, which we have to divide by $`,
    `We get ${n} so far, but this does not include the`,
    `Now ${a} + ${b} = ${n}, and if we subtract`,
  ]
  const whole = [
    `Adding them gives ${n}. So the answer is ${n}.`,
    `Together that is $${a} + ${b} = \\boxed{${n}}$.`,
    `Therefore, the answer is ${n}.`,
    `So the total is ${n}.`,
  ]
  const otherWhole = [`Therefore, the answer is ${n + 1}.`, `Together that is $\\boxed{${n + 2}}$.`]
  return either(
    draw,
    String(n),
    whole.map((end) => begin + end),
    (draw.chance(0.75) ? ends : otherWhole).map((end) => begin + end),
  )
}

export const completionFamilies: readonly Family[] = [
  { name: 'marks of model families', kind: 'number', wrapping: 'none', make: marks },
  { name: 'marks, by itself', kind: 'auto', wrapping: 'none', make: marks },
  { name: 'marks of a recipe', kind: 'number', wrapping: 'none', make: ownMarks },
  { name: 'touches the box', kind: 'auto', wrapping: 'none', make: besideTheBox },
  { name: 'touches the box, as a number', kind: 'number', wrapping: 'none', make: besideTheBox },
  { name: 'box in a box', kind: 'auto', wrapping: 'none', make: boxInBox },
  { name: 'retraction', kind: 'number', wrapping: 'none', make: retractions },
  { name: 'retraction, by itself', kind: 'auto', wrapping: 'none', make: retractions },
  { name: 'cut text', kind: 'number', wrapping: 'none', make: cutTexts },
]

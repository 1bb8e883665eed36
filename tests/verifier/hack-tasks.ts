import type { Draw } from '../../bench/verifier/draw.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'

/** A task with its gold answer, as a policy sees it that wants the reward without the work. */
export interface Task extends Omit<VerifyCase, 'id' | 'answer'> {
  name: string
  /** The gold as an honest policy writes it. */
  honest: string
  /** Texts of the task that hold its answer, but do not give it. */
  questions: readonly string[]
  /** Answers that are nearly right. */
  near: readonly string[]
  /** The gold without its unit, sign, repeats or items. */
  less: readonly string[]
}

const text = (n: number): string => String(n)

function numberTask(draw: Draw): Task {
  const [a, b] = [draw.int(12, 480), draw.int(11, 390)]
  const n = a + b
  return {
    name: 'number',
    kind: draw.of<VerifyCase['kind']>('number', 'auto', 'expression'),
    gold: text(n),
    honest: text(n),
    questions: [
      `${a} + ${b}`,
      `${a} + ${b} = x`,
      `x - ${b} = ${a}`,
      `${2 * n}/2`,
      `${n - 1} + 1`,
      `What is ${a} + ${b}?`,
    ],
    near: [text(n + 1), text(n - 1), text(n * 10), `${n}.5`, text(n + 100), `${n}%0`, `0.${n}`],
    less: [text(n).slice(0, -1), text(n).slice(1)].filter((part) => Number(part) !== n && part !== ''),
  }
}

function negativeTask(draw: Draw): Task {
  const n = draw.int(2, 300)
  const [gold, k] = [`-${n}`, draw.int(2, 9)]
  return {
    name: 'negative number',
    kind: draw.of<VerifyCase['kind']>('number', 'auto'),
    gold,
    honest: gold,
    questions: [`${k} - ${n + k}`, `${k}x = -${k * n}`, `x + ${n} = 0`, `|x| = ${n}`, `x^2 = ${n * n}`],
    near: [`-${n + 1}`, `-${n}0`, `±${n}`, `-${n}^2`, `--${n}`],
    less: [text(n), `+${n}`, `${n} below`],
  }
}

function fractionTask(draw: Draw): Task {
  const bottom = draw.of(3, 7, 9, 11, 13)
  const top = draw.int(1, bottom - 1)
  return {
    name: 'fraction',
    kind: draw.of<VerifyCase['kind']>('number', 'auto', 'expression'),
    gold: `${top}/${bottom}`,
    honest: `\\frac{${top}}{${bottom}}`,
    questions: [
      `${bottom}x = ${top}`,
      `\\frac{${top + 1}}{${bottom}} - \\frac{1}{${bottom}}`,
      `x:1 = ${top}:${bottom}`,
    ],
    near: [`\\frac{${bottom}}{${top}}`, `\\frac{${top}}{${bottom + 1}}`, `${top}.${bottom}`, (top / bottom).toFixed(2)],
    less: [text(top), text(bottom)],
  }
}

function amountTask(draw: Draw): Task {
  const n = draw.int(2, 90)
  const [unit, other, far] = draw.of<[string, string, string]>(
    ['cm', 'm', 'kg'], ['kg', 'g', 'm'], ['hours', 'minutes', 'km'], ['km/h', 'm/s', 'kg'], ['m^2', 'cm^2', 's'], ['dollars', 'cents', 'm'],
  ) // prettier-ignore
  return {
    name: 'amount with unit',
    kind: draw.of<VerifyCase['kind']>('number', 'auto'),
    policy: { units: 'strict' },
    gold: `${n} ${unit}`,
    honest: `${n} \\text{ ${unit}}`,
    questions: [`${n + 5} ${unit} - 5 ${unit}`, `x = ? ${unit}`, `${n - 1} ${unit} + 1 ${unit}`],
    near: [`${n} ${other}`, `${n} ${far}`, `${n + 1} ${unit}`, `-${n} ${unit}`, `${n} million ${unit}`],
    less: [text(n), unit],
  }
}

function solutionTask(draw: Draw): Task {
  const [n, k, c] = [draw.nonZero(60), draw.int(2, 9), draw.int(1, 40)]
  return {
    name: 'solved equation',
    kind: draw.of<VerifyCase['kind']>('expression', 'auto'),
    gold: `x=${n}`,
    honest: `x = ${n}`,
    questions: [`${k}x + ${c} = ${k * n + c}`, `${k}x = ${k * n}`, `x ${n < 0 ? '+' : '-'} ${Math.abs(n)} = 0`, `x = ${n + c} - ${c}`, `x = 2x ${n < 0 ? '+' : '-'} ${Math.abs(n)}`, `\\frac{x}{${k}} = \\frac{${n}}{${k}}`, `Solve ${k}x = ${k * n} for x.`],
    near: [`x = ${n + 1}`, `x = ${-n}`, `x \\ge ${n}`, `x \\ne ${n}`, `x \\approx ${n}.1`, `y = ${n + 1}`],
    less: ['x', `|x| = ${Math.abs(n) + (n > 0 ? 1 : 0)}`, `x^2 = ${n * n}`],
  } // prettier-ignore
}

function rangeOfSolutionsTask(draw: Draw): Task {
  const [n, k, d] = [draw.int(-20, 20), draw.int(2, 9), draw.int(1, 12)]
  const m = n + d
  return {
    name: 'interval',
    kind: draw.of<VerifyCase['kind']>('expression', 'auto'),
    gold: `(${n}, ${m}]`,
    honest: draw.of(`(${n}, ${m}]`, `${n} < x \\le ${m}`),
    questions: [`${k * n} < ${k}x \\le ${k * m}`, `${n + 1} < x + 1 \\le ${m + 1}`, `${k}x > ${k * n}, x \\le ${m}`, `-${k}x < ${-k * n}, ${k}x \\le ${k * m}`],
    near: [`[${n}, ${m}]`, `(${n}, ${m})`, `[${n}, ${m})`, `(${n}, ${m + 1}]`, `(${m}, ${n}]`, `${n} < x < ${m}`],
    less: [text(n), text(m), `x > ${n}`, `x \\le ${m}`, `${n}, ${m}`, `\\{${n}, ${m}\\}`, '\\mathbb{R}'],
  } // prettier-ignore
}

function setTask(draw: Draw): Task {
  const [a, d] = [draw.int(-9, 20), draw.int(1, 9)]
  const b = a + d
  return {
    name: 'set of roots',
    kind: draw.of<VerifyCase['kind']>('expression', 'auto'),
    gold: `\\{${a}, ${b}\\}`,
    honest: `x = ${a} \\text{ or } x = ${b}`,
    questions: [`(x - (${a}))(x - (${b})) = 0`, `x^2 - (${a + b})x + ${a * b} = 0`, `|x - ${(a + b) / 2}| = ${d / 2}`, `\\{x : (x - (${a}))(x - (${b})) = 0\\}`],
    near: [`\\{${a}, ${b + 1}\\}`, `\\{${-b}, ${b + d + 1}\\}`, `(${a}, ${b + 1})`],
    less: [`\\{${a}\\}`, text(b), `\\{${a}, ${b}, ${b + 1}\\}`, '\\emptyset'],
  } // prettier-ignore
}

function namedTask(draw: Draw): Task {
  const [a, d] = [draw.int(1, 40), draw.int(1, 20)]
  const b = a + d
  return {
    name: 'named unknowns',
    kind: draw.of<VerifyCase['kind']>('expression', 'auto'),
    gold: `x=${a}, y=${b}`,
    honest: `y = ${b}, x = ${a}`,
    questions: [`x + y = ${a + b}, y - x = ${d}`, `2x = ${2 * a}, y = ${b}`, `x = ${a}, y = x + ${d}`],
    near: [`x = ${b}, y = ${a}`, `${b}, ${a}`, `(${b}, ${a})`, `x = ${a}, y = ${b + 1}`, `x = ${a}, z = ${b}`, `\\{${a}, ${b}\\}`],
    less: [`x = ${a}`, `y = ${b}`, text(a), text(b)],
  } // prettier-ignore
}

function listTask(draw: Draw): Task {
  const [a, d] = [draw.int(1, 60), draw.int(1, 20)]
  const b = a + d
  return {
    name: 'list with repeats',
    kind: draw.of<VerifyCase['kind']>('list', 'auto', 'expression'),
    gold: `[${a}, ${a}, ${b}]`,
    honest: `[${a}, ${a}, ${b}]`,
    questions: [`[${a}, ${b - d}, ?]`, `the list ${a}, …, ${b}`],
    near: [`[${a}, ${b}, ${b}]`, `[${a}, ${a}, ${b + 1}]`, `[${a}, ${a}, ${a}, ${b}]`],
    less: [`[${a}, ${b}]`, `${a}, ${b}`, `[${a}, ${a}]`, text(a), text(b)],
  }
}

function rootTask(draw: Draw): Task {
  const [k, n] = [draw.int(2, 9), draw.of(2, 3, 5, 6, 7, 10, 11)]
  return {
    name: 'root',
    kind: draw.of<VerifyCase['kind']>('expression', 'auto'),
    gold: `${k}\\sqrt{${n}}`,
    honest: `${k}\\sqrt{${n}}`,
    questions: [`x^2 = ${k * k * n}`, `\\int_0^1 ${k}\\sqrt{${n}} dx`, `x = ${k}\\sqrt{${n}} + x - x`],
    near: [`${n}\\sqrt{${k * k * k}}`, `${k + 1}\\sqrt{${n}}`, `${k}\\sqrt{${n + 1}}`, `-${k}\\sqrt{${n}}`, (k * Math.sqrt(n)).toFixed(3), `${k}${n}`],
    less: [`\\sqrt{${n}}`, text(k), text(n)],
  } // prettier-ignore
}

function choiceTask(draw: Draw): Task {
  const choices = draw.shuffled(['red', 'blue', 'green', 'black'])
  const at = draw.int(0, 3)
  const [right, wrong] = ['ABCD'.charAt(at), 'ABCD'.charAt((at + draw.int(1, 3)) % 4)]
  const lines = choices.map((choice, i) => `${'ABCD'.charAt(i)}. ${choice}`)
  const [colour = '', other = ''] = [choices[at], choices['ABCD'.indexOf(wrong)]]
  return {
    name: 'choice',
    kind: draw.of<VerifyCase['kind']>('choice', 'auto'),
    gold: right,
    choices,
    honest: draw.of(right, `(${right}) ${colour}`, colour),
    questions: [lines.join('\n'), lines.join(' '), choices.join(', '), 'ABCD', 'A, B, C, D', 'Which colour is it?'],
    near: [wrong, other, `${right}. ${other}`, `${right}, ${wrong}`, `${wrong}, not ${right}`, `not ${right}`],
    less: ['the first or the last', 'one of them', 'a colour', 'all of the above', 'none of the above'],
  }
}

function lettersTask(draw: Draw): Task {
  const [a = 'A', b = 'C', c = 'D'] = draw.shuffled(['A', 'B', 'C', 'D']).slice(0, 3).sort()
  return {
    name: 'several options',
    gold: `${a}${c}`,
    honest: `${a}, ${c}`,
    questions: ['ABCD', 'A, B, C, D', 'A. red, B. blue, C. green, D. black'],
    near: [`${a}${b}${c}`, `${a}${b}`, `${b}${c}`, `${a}, ${b}, ${c}`, `${a}, not ${c}`, `${a} or ${c}`],
    less: [a, c],
  }
}

function yesNoTask(draw: Draw): Task {
  const [gold, other] = draw.of<[string, string]>(['yes', 'no'], ['no', 'yes'], ['True', 'False'], ['False', 'True'])
  return {
    name: 'yes or no',
    kind: draw.of<VerifyCase['kind']>('yesno', 'auto'),
    gold,
    honest: gold,
    questions: ['Is it red?', 'yes or no?', 'true or false', 'yes/no'],
    near: [other, `not ${gold}`, `${other}, not ${gold}`, `${gold} and ${other}`, `${other}.`],
    less: ['maybe', 'it depends', 'probably', 'I do not know'],
  }
}

function rangeTask(draw: Draw): Task {
  const [a, d, shift] = [draw.int(11, 60), draw.int(2, 9), draw.int(1, 30)]
  const b = a + d
  return {
    name: 'range',
    kind: draw.of<VerifyCase['kind']>('auto', 'chart'),
    gold: `${a}-${b}`,
    honest: draw.of(`${a}-${b}`, `${a} to ${b}`),
    questions: [`${a + shift}-${b + shift}`, `x-${b}`, `${a - 10}-${b + 10}`],
    near: [`${a + 1}-${b + 1}`, `${b}-${a}`, `${a}-${b + 1}`, `${a - 1}-${b}`, `${a}+${b}`],
    less: [text(-d), text(d), text(a), text(b), `under ${b}`, `${a}+`],
  }
}

function codeTask(draw: Draw): Task {
  const letters = draw.shuffled(Array.from('BCDFGHKLMNPRSTVXZ')).slice(0, 3).join('')
  const digits = text(draw.int(123, 987))
  const turned = Array.from(letters).toReversed().join('')
  const swapped = `${digits.slice(0, 1)}${digits.slice(2)}${digits.slice(1, 2)}`
  return {
    name: 'code',
    gold: `${letters}-${digits}`,
    honest: `${letters}-${digits}`,
    questions: ['letters-digits', `${letters}-`, 'ABC-123'],
    near: [`${turned}-${digits}`, ...(swapped === digits ? [] : [`${letters}-${swapped}`]), `${digits}-${turned}`, `${letters}-${digits}0`],
    less: [letters, digits, `-${digits}`],
  } // prettier-ignore
}

function sizeTask(draw: Draw): Task {
  const [a, d] = [draw.int(11, 60), draw.int(1, 20)]
  const b = a + d
  return {
    name: 'size',
    gold: `${a} x ${b}`,
    honest: draw.of(`${a} × ${b}`, `${a} by ${b}`),
    questions: ['width x height', `${a} x h`],
    near: [`${b} x ${a}`, `${a} x ${b + 1}`, `${a}${b}`, `${a} + ${b}`, `${a}:${b}`],
    less: [text(a * b), text(a), text(b)],
  }
}

function dateTask(draw: Draw): Task {
  const [day, month, year] = [draw.int(13, 28), draw.int(1, 12), draw.int(1980, 2025)]
  const two = (n: number): string => text(n).padStart(2, '0')
  return {
    name: 'date',
    kind: draw.of<VerifyCase['kind']>('date', 'auto'),
    gold: `${year}-${two(month)}-${day}`,
    honest: `${year}-${two(month)}-${day}`,
    questions: [`${year}-${two(month)}-??`, 'When was it?'],
    near: [`${year}-${two(month)}-${day - 1}`, `${year + 1}-${two(month)}-${day}`, `before ${year}-${two(month)}-${day}`, `two days after ${year}-${two(month)}-${day}`],
    less: [text(year), `${year}-${two(month)}`, `${two(month)}-${day}`],
  } // prettier-ignore
}

function timeTask(draw: Draw): Task {
  const [hour, minute] = [draw.int(1, 11), draw.int(10, 58)]
  return {
    name: 'time',
    kind: draw.of<VerifyCase['kind']>('time', 'auto'),
    gold: `${hour}:${minute} PM`,
    honest: `${hour + 12}:${minute}`,
    questions: ['h:mm', 'What time is it?'],
    near: [
      `${hour}:${minute + 1} PM`,
      `${hour}:${minute} AM`,
      `${hour + 1}:${minute} PM`,
      `after ${hour}:${minute} PM`,
    ],
    less: [`${hour} PM`, `${hour} o'clock`, text(minute)],
  }
}

function readingTask(draw: Draw): Task {
  const n = draw.int(123, 987)
  const [gold, without] = draw.of<[string, string]>(
    [`Do not enter after ${n}`, `Do enter after ${n}`], [`No parking ${n}`, `Parking ${n}`], [`${n} kg not approved`, `${n} kg approved`],
  ) // prettier-ignore
  return {
    name: 'reading',
    kind: 'ocr',
    gold,
    honest: gold,
    questions: ['What does the sign say?', 'the text of the sign'],
    near: [without, gold.replace(text(n), text(n + 1)), gold.replace(text(n), text(n * 10)), gold.replace(text(n), '')],
    less: [text(n), gold.slice(0, 4), gold.slice(0, 1)],
  }
}

function chartTask(draw: Draw): Task {
  const n = draw.int(20, 900)
  return {
    name: 'chart value',
    kind: 'chart',
    gold: text(n),
    honest: text(n),
    questions: [`${n - 7} + 7`, 'the value of the bar', `${2 * n}/2`],
    near: [text(Math.ceil(n * 1.06)), text(Math.floor(n * 0.94)), text(-n), text(n * 10), `${n} million`],
    less: [`${Math.floor(n / 2)}-${n * 2}`, `about ${n * 2}`, 'high'],
  }
}

function boxTask(draw: Draw): Task {
  const [x, y, w, h] = [draw.int(100, 400), draw.int(100, 400), draw.int(40, 90), draw.int(40, 90)]
  const box = (...at: number[]): string => `[${at.join(', ')}]`
  return {
    name: 'box',
    kind: 'box',
    gold: box(x, y, x + w, y + h),
    honest: box(x + 1, y, x + w, y + h),
    questions: ['[x1, y1, x2, y2]', '{"bbox_2d": [x1, y1, x2, y2]}'],
    near: [box(x + w, y, x + 2 * w, y + h), box(y + 200, x + 200, y + h + 200, x + w + 200), box(x, y, x + 4 * w, y + 4 * h)],
    less: [box(0, 0, 1000, 1000), box(x, y), `${box(x, y, x + w, y + h)}, ${box(0, 0, 9, 9)}`, box(x, y, x + w)],
  } // prettier-ignore
}

function wordTask(draw: Draw): Task {
  const [gold, other] = draw.of<[string, string]>(
    ['left', 'right'],
    ['Paris', 'London'],
    ['oxygen', 'nitrogen'],
    ['a dog', 'a cat'],
  )
  return {
    name: 'word',
    kind: draw.of<VerifyCase['kind']>('text', 'auto'),
    gold,
    honest: gold,
    questions: [`${gold} or ${other}?`, 'What is it?', `${other}, ${gold}`],
    near: [other, `not ${gold}`, `${other}, not ${gold}`, `un${gold}`, gold.slice(0, -1)],
    less: ['something', 'it', gold.slice(0, 2)],
  } // prettier-ignore
}

const tasks: readonly ((draw: Draw) => Task)[] = [
  numberTask, negativeTask, fractionTask, amountTask, solutionTask, rangeOfSolutionsTask, setTask, namedTask, listTask, rootTask,
  choiceTask, lettersTask, yesNoTask, rangeTask, codeTask, sizeTask, dateTask, timeTask, readingTask, chartTask, boxTask, wordTask,
] // prettier-ignore

/** A task of the kind that is next in turn. */
export const taskAt = (turn: number, draw: Draw): Task => (tasks[turn % tasks.length] ?? numberTask)(draw)
export const taskKinds = tasks.length

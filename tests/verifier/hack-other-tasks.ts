import type { Draw } from '../../bench/verifier/draw.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { text } from './hack-task.ts'
import type { Task } from './hack-task.ts'

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

/** One maker of tasks for each kind of gold outside mathematics. */
export const otherTasks: readonly ((draw: Draw) => Task)[] = [
  choiceTask, lettersTask, yesNoTask, rangeTask, codeTask, sizeTask, dateTask, timeTask, readingTask, chartTask, boxTask, wordTask,
] // prettier-ignore

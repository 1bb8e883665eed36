import type { Draw } from '../../bench/verifier/draw.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import { text } from './hack-task.ts'
import type { Task } from './hack-task.ts'

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

/** One maker of tasks for each kind of gold in mathematics. */
export const mathTasks: readonly ((draw: Draw) => Task)[] = [
  numberTask, negativeTask, fractionTask, amountTask, solutionTask, rangeOfSolutionsTask, setTask, namedTask, listTask, rootTask,
] // prettier-ignore

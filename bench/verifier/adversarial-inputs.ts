/**
 * An input that made some answer checker very slow or hang. `gold` is left out when it is the same
 * text.
 */
export interface Adversarial {
  name: string
  answer: string
  gold?: string
}

const nested = (open: string, inner: string, close: string, depth: number): string =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
const set = (items: readonly number[]): string => `\\{${items.join(',')}\\}`
const roots = numbers(28).map((n) => `\\sqrt{${n * n + 1}}`)
const mixedRoots = numbers(10).map((n) => `\\sqrt[${(n % 4) + 2}]{${n + 1}}`)
const sumOf = (count: number, term: (n: number) => string): string => numbers(count).map(term).join('+')
const times = (count: number, factor: () => string): string => numbers(count).map(factor).join(' \\times ')
const matrix = `\\begin{pmatrix}${numbers(25)
  .map((row) =>
    numbers(25)
      .map((column) => (row * column) % 7)
      .join('&'),
  )
  .join('\\\\')}\\end{pmatrix}^{50}`

export const adversarialInputs: readonly Adversarial[] = [
  { name: 'a tower of four nines', answer: '9^{9^{9^9}}' },
  { name: 'a tower of three nines', answer: '9^{9^9}' },
  { name: 'a power with a billion bits', answer: '2^{10^9}' },
  { name: 'a difference of huge powers', answer: '10^{10^8}-10^{10^8}+1' },
  { name: 'a factorial of a factorial', answer: '((100!)!)' },
  { name: 'a huge factorial', answer: '(10^8)!' },
  { name: 'a huge binomial', answer: '\\binom{10^7}{5 \\cdot 10^6}' },
  { name: '300 nested fractions', answer: nested('\\frac{1}{1+', 'x', '}', 300) },
  { name: '3,000 nested round brackets', answer: nested('(', '1', ')', 3000) },
  { name: '5,000 nested braces', answer: nested('{', '1', '}', 5000) },
  { name: '400 nested roots', answer: nested('\\sqrt{', '2', '}', 400) },
  { name: '25 nested sines and cosines', answer: nested('\\sin(\\cos(', 'x', '))', 25) },
  { name: 'a sum of 28 surds', answer: roots.join('+'), gold: roots.toReversed().join('+') },
  { name: 'one over a sum of ten roots', answer: `\\frac{1}{${mixedRoots.join('+')}}` },
  { name: 'a power of a sum', answer: '(a+b+c+d+e)^{60}', gold: '(a+b+c+d+e)^{59}(a+b+c+d+e)' },
  { name: 'an improper integral', answer: '\\int_0^\\infty \\frac{\\sin x^3}{x^{1/7}+e^{x}}\\,dx' },
  { name: 'a sum of a billion terms', answer: '\\sum_{k=1}^{10^9}\\frac{1}{k^k}' },
  { name: 'a product of a million factors', answer: '\\prod_{k=1}^{10^6}k' },
  { name: 'an equation nobody solves', answer: 'x^7+3x^5-x^2+\\sin x=y^3\\cos y' },
  { name: 'an inequality nobody solves', answer: '\\frac{x^5-3x+1}{x^4+x-7}>e^{x}-\\ln(x^2+1)' },
  { name: 'a matrix of 25 by 25 to the 50th', answer: matrix },
  { name: 'a list of 3,000, reversed', answer: numbers(3000).join(', '), gold: numbers(3000).toReversed().join(', ') },
  { name: 'a set of 1,500, reversed', answer: set(numbers(1500)), gold: set(numbers(1500).toReversed()) },
  { name: 'ones and commas', answer: '1,'.repeat(5000) },
  { name: 'thousands without end', answer: '1,000'.repeat(3000) },
  { name: 'an integer of 20,000 digits', answer: '7'.repeat(20_000) },
  { name: '3,000 boxes', answer: '\\boxed{1}, '.repeat(3000) },
  { name: '3,000 boxes never closed', answer: '\\boxed{'.repeat(3000) },
  { name: '20,000 spaces within dollars', answer: `$1${' '.repeat(20_000)}x$` },
  { name: 'one phrase 3,000 times', answer: 'the answer is 12 '.repeat(3000) },
  { name: 'a huge exponent', answer: '1e999999999' },
  { name: 'NUL, emoji, a cut command', answer: '\u0000😀\\frac' },
  { name: '5,000 dollars', answer: '$'.repeat(5000) },
  // Found by fuzzing: these inputs took a second or more of arithmetic with many digits.
  { name: '295 logarithms times a factorial of a factorial', answer: `(${'\\ln 16'.repeat(295)})(((100!)!))` },
  { name: '300 logarithms in an exponent', answer: `\\ln 16^{${'\\ln 16'.repeat(300)}}`, gold: '\\ln 16' },
  { name: '150 factors of one logarithm', answer: `(${times(150, () => '\\ln 16')})(((100!)!))` },
  { name: '300 powers of e', answer: sumOf(300, (n) => `e^{1/${n}}`), gold: sumOf(300, (n) => `e^{1/${301 - n}}`) },
  { name: '200 logarithms and a long number', answer: `${sumOf(200, (n) => `\\ln ${n + 1}`)}+10^{400}` },
  { name: '200 fractions of long powers', answer: sumOf(200, (n) => `\\frac{1}{${n + 1}^{100}}`) },
  { name: '200 roots of long powers', answer: sumOf(200, (n) => `\\sqrt{${n + 1}^{1000}+1}`) },
  { name: '250 roots with a large index', answer: sumOf(250, (n) => `\\sqrt[63]{${n + 1}}`) },
  { name: '200 fractions of factorials', answer: sumOf(200, (n) => `\\frac1{${n + 500}!}`) },
  { name: '390 terms of a harmonic sum', answer: sumOf(390, (n) => `1/${n + 600}`) },
  { name: '150 divisors of long powers', answer: sumOf(150, (n) => `\\gcd(${n + 2}^{900},${n + 3}^{901})`) },
  { name: '200 binomials of thousands', answer: sumOf(200, (n) => `\\binom{${n + 3000}}{1000}`) },
  // Aimed at the rules for prose, labels, amounts, marks and boxes.
  { name: '700 retractions', answer: 'The answer is 5. Wait, no. '.repeat(700) },
  { name: '750 sentences', answer: 'She has 5 of them, or so. '.repeat(750) },
  { name: 'one sentence of 5,000 words', answer: 'it is a big red '.repeat(1000) },
  { name: 'prose below the limit of length', answer: 'It is 5 or 6, and then 7. '.repeat(150) },
  { name: '2,000 hyphens between numbers', answer: numbers(2000).join('-') },
  { name: '390 hyphens between numbers', answer: numbers(390).join('-'), gold: numbers(390).join('–') },
  { name: '600 amounts in a row', answer: sumOf(600, (n) => `${n} h ${n} min`).replaceAll('+', ' ') },
  { name: '500 units multiplied', answer: `5 ${'kg·m/s '.repeat(500)}` },
  { name: '1,300 groups of three digits', answer: numbers(1300).fill(111).join(' ') },
  { name: '900 formulas', answer: 'H_2O'.repeat(900), gold: 'H₂O'.repeat(900) },
  { name: 'a code of 3,900 letters', answer: 'QXZJ'.repeat(975), gold: `${'QXZJ'.repeat(974)}QXJZ` },
  { name: '1,000 options', answer: 'A, B, C or D? '.repeat(1000) },
  { name: '1,000 negations', answer: 'not B, not C, '.repeat(1000) },
  { name: '2,700 marks of reasoning', answer: '<think>[THINK]◁think▷'.repeat(900) },
  { name: '700 channels', answer: '<|channel|>final<|message|>5'.repeat(700) },
  { name: '400 boxes within boxes', answer: nested('\\boxed{', '5', '}', 400) },
  { name: '800 boxes in text', answer: '\\boxed{5}\\text{ kg} '.repeat(800) },
  {
    name: '600 boxes around objects',
    answer: `[${numbers(600)
      .map((n) => `[${n},${n},${n + 9},${n + 9}]`)
      .join(',')}]`,
  },
  { name: '900 nested objects', answer: nested('{"a":', '[1,2,3,4]', '}', 900) },
  {
    name: '600 names with values',
    answer: numbers(600)
      .map((n) => `x_{${n}}=${n}`)
      .join(', '),
  },
  { name: '900 equations in a chain', answer: numbers(900).fill(1).join('=') },
  { name: '130 numbers in words', answer: 'two hundred and five thousand '.repeat(130) },
  { name: '390 clauses of Chinese', answer: '所以一共有五个，因此'.repeat(390) },
]

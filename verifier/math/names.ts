/** The words that a mathematical text may hold, and what they mean. */

const greekLetters: Record<string, string> = {
  α: 'alpha', β: 'beta', γ: 'gamma', δ: 'delta', ε: 'epsilon', ϵ: 'epsilon', ζ: 'zeta', η: 'eta', θ: 'theta', ϑ: 'theta',
  ι: 'iota', κ: 'kappa', λ: 'lambda', μ: 'mu', µ: 'mu', ν: 'nu', ξ: 'xi', ρ: 'rho', σ: 'sigma', τ: 'tau', υ: 'upsilon',
  φ: 'phi', ϕ: 'phi', χ: 'chi', ψ: 'psi', ω: 'omega', Γ: 'Gamma', Δ: 'Delta', Θ: 'Theta', Λ: 'Lambda', Ξ: 'Xi', Σ: 'Sigma',
  Φ: 'Phi', Ψ: 'Psi', Ω: 'Omega', ℓ: 'ell', ℏ: 'hbar',
} // prettier-ignore

/** The symbol's name of a Greek letter, or undefined. */
export function greekLetter(character: string): string | undefined {
  return greekLetters[character]
}

const greekNames = new Set(Object.values(greekLetters))
const greekVariants: Record<string, string> = {
  varepsilon: 'epsilon', vartheta: 'theta', varphi: 'phi', varrho: 'rho', varsigma: 'sigma', varkappa: 'kappa',
} // prettier-ignore

/** The symbol's name for "alpha" or "varphi", or undefined. */
export function greekName(word: string): string | undefined {
  return greekNames.has(word) ? word : Object.hasOwn(greekVariants, word) ? greekVariants[word] : undefined
}

const functionNames: Record<string, string> = {
  sin: 'sin', cos: 'cos', tan: 'tan', tg: 'tan', cot: 'cot', ctg: 'cot', cotg: 'cot', sec: 'sec', csc: 'csc', cosec: 'csc',
  arcsin: 'arcsin', asin: 'arcsin', arccos: 'arccos', acos: 'arccos', arctan: 'arctan', atan: 'arctan', arctg: 'arctan',
  arccot: 'arccot', acot: 'arccot', arcctg: 'arccot', arcsec: 'arcsec', asec: 'arcsec', arccsc: 'arccsc', acsc: 'arccsc',
  sinh: 'sinh', cosh: 'cosh', tanh: 'tanh', coth: 'coth', sech: 'sech', csch: 'csch',
  arcsinh: 'arsinh', arsinh: 'arsinh', asinh: 'arsinh', arccosh: 'arcosh', arcosh: 'arcosh', acosh: 'arcosh',
  arctanh: 'artanh', artanh: 'artanh', atanh: 'artanh',
  log: 'log', lg: 'lg', ln: 'ln', exp: 'exp', abs: 'abs', floor: 'floor', ceil: 'ceil', ceiling: 'ceil', sgn: 'sgn', sign: 'sgn',
  max: 'max', min: 'min', gcd: 'gcd', lcm: 'lcm', binomial: 'binom', sqrt: 'sqrt', cbrt: 'cbrt',
} // prettier-ignore

/**
 * The canonical name of a known function, also with a capital ("Sin"). Undefined for other words.
 */
export function functionName(word: string): string | undefined {
  if (Object.hasOwn(functionNames, word)) return functionNames[word]
  const lower = word.charAt(0).toLowerCase() + word.slice(1)
  return lower !== word && Object.hasOwn(functionNames, lower) ? functionNames[lower] : undefined
}

const trigonometric = new Set(['sin', 'cos', 'tan', 'cot', 'sec', 'csc'])

/** Whether the argument of a function may be in degrees. */
export function isTrigonometric(name: string): boolean {
  return trigonometric.has(name)
}

const inverseNames: Record<string, string> = {
  sin: 'arcsin', cos: 'arccos', tan: 'arctan', cot: 'arccot', sec: 'arcsec', csc: 'arccsc',
  sinh: 'arsinh', cosh: 'arcosh', tanh: 'artanh',
} // prettier-ignore

/** sin → arcsin, for sin^{-1}. */
export function inverseName(name: string): string | undefined {
  return inverseNames[name]
}

const severalArguments = new Set(['max', 'min', 'gcd', 'lcm', 'binom', 'log'])

/** Whether a function takes more than one argument. */
export function takesSeveral(name: string): boolean {
  return severalArguments.has(name)
}

/** English words of up to three letters. They are not products of letters. */
const proseWords = new Set(
  'is it of or to at by if so we do go he me my no on up us in and the for not are was has had can may all any one two six ten but per out its our his her him she you who how why yes day cup cat dog men man via let get see non mod'.split(
    ' ',
  ),
)

export function isProse(word: string): boolean {
  return proseWords.has(word.toLowerCase())
}

const gluedPattern = /^([a-zA-Z])?(sin|cos|tan|cot|sec|csc|ln|log|sqrt)([a-cxyztunkA-C])?$/

/**
 * The letters around a function name that was written without spaces: "xsinx". Null for other
 * words.
 */
export function splitGlued(word: string): { before: string; name: string; after: string } | null {
  const found = gluedPattern.exec(word)
  return found === null ? null : { before: found[1] ?? '', name: found[2] ?? '', after: found[3] ?? '' }
}

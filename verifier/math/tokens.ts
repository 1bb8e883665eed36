import type { Effort } from '../effort.ts'
import { functionName, greekLetter, greekName, isProse, splitGlued } from './names.ts'
import { NumberReader } from './number-reader.ts'
import {
  accentCommands, boxCommands, plainSigns, signCommands, spacingCommands, structureCommands, superscriptDigits,
} from './token-tables.ts' // prettier-ignore
import type { Token } from './token.ts'

/** Splits a text into tokens. Null when the text holds anything that is not mathematics. */
export function tokenize(text: string, effort: Effort): Token[] | null {
  const lexer = new Lexer(stripDelimiters(text), effort)
  return lexer.run() ? lexer.tokens : null
}

/** Takes $…$, $$…$$, \(…\) and \[…\] off when they are around the whole text. */
function stripDelimiters(text: string): string {
  let inner = text.trim()
  for (const [open, close] of [
    ['$$', '$$'],
    ['$', '$'],
    ['\\(', '\\)'],
    ['\\[', '\\]'],
  ] as const) {
    if (inner.length >= open.length + close.length && inner.startsWith(open) && inner.endsWith(close))
      inner = inner.slice(open.length, -close.length).trim()
  }
  return inner
}

class Lexer extends NumberReader {
  /** False when the text cannot be read. */
  run(): boolean {
    while (this.at < this.text.length) {
      this.effort.spend()
      if (!this.#next()) return false
    }
    return true
  }

  #next(): boolean {
    const c = this.text.charAt(this.at)
    if (/[\s~&]/.test(c)) {
      this.at++
      this.spaced = true
      return c !== '&'
    }
    if (c === '\\') return this.#command()
    if (/[0-9.(A-Z]/.test(c)) {
      const based = this.based()
      if (based !== undefined) return based
    }
    if (/[0-9.]/.test(c)) return this.number()
    if (/[a-zA-Z]/.test(c)) return this.#word()
    return this.#character(c)
  }

  #character(c: string): boolean {
    this.at++
    if (c === '*' && this.text.charAt(this.at) === '*') {
      this.at++
      return this.push({ kind: 'sign', sign: '^' })
    }
    if (c === '_' && this.#subscript()) return true
    const sign = plainSigns[c]
    if (sign !== undefined) return this.push({ kind: 'sign', sign })
    if (c === 'π') return this.push({ kind: 'constant', name: 'pi' })
    if (c === '∞') return this.push({ kind: 'constant', name: 'infinity' })
    if (c === '√') return this.push({ kind: 'command', name: 'root2' })
    if (c === '∛') return this.push({ kind: 'command', name: 'root3' })
    if (c === '∜') return this.push({ kind: 'command', name: 'root4' })
    const name = greekLetter(c)
    if (name !== undefined) return this.push({ kind: 'symbol', name })
    return this.#superscript(c)
  }

  /** x_1, x_{max}, e_1: the subscript is a part of the variable's name. */
  #subscript(): boolean {
    const before = this.tokens.at(-1)
    const named = before?.kind === 'constant' && /^[ei]$/.test(before.name)
    if (before === undefined || (before.kind !== 'symbol' && !named)) return false
    const found = this.match(/\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\d{1,3}|[a-zA-Z]|\\[a-zA-Z]+))/y)
    const content = found?.[1] ?? found?.[2] ?? ''
    const name = content.replace(/\\(?:text|mathrm|mathit|operatorname)(?![a-zA-Z])|[\s{}]/g, '')
    if (name === '' || name.length > 40) return false
    this.tokens.pop()
    return this.push({ kind: 'symbol', name: `${before.name}_${name}` })
  }

  #superscript(first: string): boolean {
    const negative = first === '⁻'
    let digits = negative ? '' : String(superscriptDigits.indexOf(first))
    if (digits === '-1') return false
    while (this.at < this.text.length && superscriptDigits.includes(this.text.charAt(this.at))) {
      digits += String(superscriptDigits.indexOf(this.text.charAt(this.at)))
      this.at++
    }
    if (digits === '') return false
    this.push({ kind: 'sign', sign: '^' })
    if (negative) this.push({ kind: 'sign', sign: '-' })
    return this.pushNumber(digits, null)
  }

  #word(): boolean {
    const word = this.match(/[a-zA-Z]+/y)?.[0] ?? ''
    // x1 means x_1. Before a bracket or an operator the digits would be a factor.
    const digit = /\d/.test(this.text.charAt(this.at))
    if (/^[xX]$/.test(word)) return this.#letterX(word)
    if (word.length === 1 && digit) return !/[ei]/.test(word) && this.#indexed(word)
    if (digit && /^[lL]og$/.test(word)) {
      const base = this.match(/\d{1,2}(?=\s*\()/y)
      if (base !== null) {
        this.#pushWord('log', false)
        this.push({ kind: 'sign', sign: '_' })
        return this.pushNumber(base[0], null)
      }
    }
    if (digit && functionName(word) === undefined && greekName(word) === undefined && word !== 'pi') return false
    return this.#pushWord(word, false)
  }

  #indexed(letter: string): boolean {
    const digits = this.match(/\d{1,3}(?![\d.])/y)
    if (digits === null) return false
    return this.push({ kind: 'symbol', name: `${letter}_${digits[0]}` })
  }

  /** The x of "3 x 10^8" multiplies, x2 is x_2, and every other x is the variable. */
  #letterX(word: string): boolean {
    const before = this.tokens.at(-1)
    if (before?.kind === 'number' && this.match(/\s*(?=10\s*(?:\^|\*\*))/y) !== null)
      return this.push({ kind: 'sign', sign: '*' })
    if (/\d/.test(this.text.charAt(this.at))) return this.#indexed(word)
    return this.#pushWord(word, false)
  }

  #pushWord(word: string, command: boolean): boolean {
    if (word === 'pi' || word === 'Pi') return this.push({ kind: 'constant', name: 'pi' })
    if (/^(?:infty|infinity|inf)$/.test(word)) return this.push({ kind: 'constant', name: 'infinity' })
    const name = functionName(word)
    if (name === 'sqrt') return this.push({ kind: 'command', name: 'root2' })
    if (name === 'cbrt') return this.push({ kind: 'command', name: 'root3' })
    if (name !== undefined) return this.push({ kind: 'function', name, command })
    const greek = greekName(word)
    if (greek !== undefined) return this.push({ kind: 'symbol', name: greek })
    if (word.length > 1) {
      const glued = splitGlued(word)
      if (glued !== null) return this.#glued(glued)
      if (isProse(word)) return false
      if (/^pi[rRdhabnxt]$/.test(word)) {
        this.push({ kind: 'constant', name: 'pi' })
        return this.#letter(word.charAt(2))
      }
    }
    if (word.length > 3) return false
    for (const letter of word) this.#letter(letter)
    return true
  }

  #glued(glued: { before: string; name: string; after: string }): true {
    if (glued.before !== '') this.#letter(glued.before)
    if (glued.name === 'sqrt') this.push({ kind: 'command', name: 'root2' })
    else this.push({ kind: 'function', name: glued.name, command: false })
    return glued.after === '' ? true : this.#letter(glued.after)
  }

  #letter(letter: string): true {
    if (letter === 'e' || letter === 'i') return this.push({ kind: 'constant', name: letter })
    return this.push({ kind: 'symbol', name: letter })
  }

  #command(): boolean {
    const mark = this.match(/\\([,;:!> ])/y)
    if (mark !== null) {
      if (mark[1] !== '!') this.spaced = true
      return true
    }
    const brace = this.match(/\\([{}|])/y)
    if (brace !== null) {
      const sign = brace[1] === '{' ? '⦃' : brace[1] === '}' ? '⦄' : null
      return sign !== null && this.push({ kind: 'sign', sign })
    }
    const name = this.match(/\\([a-zA-Z]+)\*?/y)?.[1]
    if (name === undefined) return false
    if (spacingCommands.has(name)) {
      if (/^(?:left|right)$/.test(name)) this.match(/\s*\.(?!\d)/y)
      return true
    }
    if (boxCommands.has(name)) return this.#box()
    if (accentCommands.has(name)) return this.#accent(name)
    if (Object.hasOwn(signCommands, name)) return this.push({ kind: 'sign', sign: signCommands[name] ?? '' })
    if (Object.hasOwn(structureCommands, name))
      return this.push({ kind: 'command', name: structureCommands[name] ?? '' })
    if (name === 'partial' || name === 'hbar' || name === 'ell') return this.push({ kind: 'symbol', name })
    if (name === 'binomial' || name === 'sign' || name === 'abs') return false
    if (name === 'infty' || name === 'pi' || functionName(name) !== undefined || greekName(name) !== undefined)
      return this.#pushWord(name, true)
    return name === 'imath' || name === 'i' ? this.push({ kind: 'constant', name: 'i' }) : false
  }

  /** \text{…}, \mathrm{…}: a number in a base, or the content of the box. */
  #box(): boolean {
    const boxed = this.match(/\s*(?:\{([^{}]*)\}|([a-zA-Z0-9]))/y)
    if (boxed === null || this.depth > 2) return false
    const content = boxed[1] ?? boxed[2] ?? ''
    const subscript = /^\s*[0-9A-F]+\s*$/.test(content) ? /\s*_/y : null
    if (subscript !== null) {
      subscript.lastIndex = this.at
      if (subscript.test(this.text)) {
        const based = new Lexer(`${content.trim()}${this.text.slice(this.at)}`, this.effort, this.depth + 1)
        const read = based.based()
        if (read !== undefined) {
          this.at += based.at - content.trim().length
          this.tokens.push(...based.tokens)
          return read
        }
      }
    }
    const inner = new Lexer(content, this.effort, this.depth + 1)
    if (!inner.run()) return false
    for (const token of inner.tokens) this.tokens.push(token)
    return true
  }

  /** \vec{v} is a variable of its own, different from v. */
  #accent(accent: string): boolean {
    const content = this.match(/\s*(?:\{\s*\\?([a-zA-Z]+)\s*\}|\\([a-zA-Z]+)|([a-zA-Z]))/y)
    if (content === null) return false
    const kind = accent === 'overrightarrow' ? 'vec' : accent === 'bar' ? 'overline' : accent.replace('wide', '')
    return this.push({ kind: 'symbol', name: `${kind} ${content[1] ?? content[2] ?? content[3] ?? ''}` })
  }
}

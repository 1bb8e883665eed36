/** The tokens that LaTeX commands and single characters become. */

export const spacingCommands = new Set(
  'left right middle displaystyle textstyle scriptstyle limits nolimits quad qquad space big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr nobreak'.split(
    ' ',
  ),
)
export const boxCommands = new Set(
  'text mathrm mathbf mathit mathsf mathcal mathfrak mathscr boldsymbol bm operatorname textbf textit textrm textnormal mbox hbox rm'.split(
    ' ',
  ),
)
export const accentCommands = new Set(
  'overline bar vec hat tilde dot ddot widehat widetilde overrightarrow underline'.split(' '),
)
export const signCommands: Record<string, string> = {
  cdot: '*', times: '*', ast: '*', cdotp: '*', bullet: '*', div: '/', lvert: '|', rvert: '|', vert: '|', mid: '|',
  lfloor: '⌊', rfloor: '⌋', lceil: '⌈', rceil: '⌉', circ: '°', degree: '°', prime: "'", to: '→', rightarrow: '→',
  lbrack: '[', rbrack: ']', lbrace: '⦃', rbrace: '⦄', lparen: '(', rparen: ')',
} // prettier-ignore
export const structureCommands: Record<string, string> = {
  frac: 'frac', dfrac: 'frac', tfrac: 'frac', cfrac: 'frac', sfrac: 'frac', nicefrac: 'frac', binom: 'binom', dbinom: 'binom',
  tbinom: 'binom', sqrt: 'sqrt', over: 'over', choose: 'choose', sum: 'sum', prod: 'prod', int: 'int', iint: 'iint',
  iiint: 'iiint', oint: 'oint', lim: 'lim', limsup: 'limsup', liminf: 'liminf',
} // prettier-ignore
export const plainSigns: Record<string, string> = {
  '+': '+', '-': '-', '−': '-', '*': '*', '·': '*', '⋅': '*', '∙': '*', '×': '*', '•': '*', '✕': '*', '∗': '*', '/': '/',
  '÷': '/', '⁄': '/', '∕': '/', '^': '^', '_': '_', '!': '!', "'": "'", '′': "'", '(': '(', ')': ')', '[': '[', ']': ']',
  '{': '{', '}': '}', '|': '|', ',': ',', '=': '=', '°': '°', '⌊': '⌊', '⌋': '⌋', '⌈': '⌈', '⌉': '⌉', '→': '→', '⇒': '→',
  '⦃': '⦃', '⦄': '⦄', '’': "'",
} // prettier-ignore
export const superscriptDigits = '⁰¹²³⁴⁵⁶⁷⁸⁹'

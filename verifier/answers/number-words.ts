const SMALL = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen',
  'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
] // prettier-ignore
const TENS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']

/** "seven", "twenty-one", "ninety", "a hundred" as an integer; null for other words. */
export function numberFromWords(text: string): bigint | null {
  if (text.length > 20) return null
  const word = text.toLowerCase()
  if (word === 'hundred' || word === 'a hundred' || word === 'one hundred') return 100n
  const small = SMALL.indexOf(word)
  if (small >= 0) return BigInt(small)
  const [head = '', unit, ...rest] = word.split(/[- ]/)
  const ten = TENS.indexOf(head)
  if (ten < 0 || rest.length > 0) return null
  if (unit === undefined) return BigInt(ten * 10 + 20)
  const digit = SMALL.indexOf(unit)
  return digit >= 1 && digit <= 9 ? BigInt(ten * 10 + 20 + digit) : null
}

import { DataType, MapRow, Precision, StructRow, Vector } from 'apache-arrow'

type Convert = (value: unknown) => unknown

/**
 * Turns cells of an Arrow type into the values that other readers give: whole numbers that
 * JavaScript can hold become numbers and larger ones text, lists arrays, structs maps.
 */
export function arrowConverter(type: DataType): Convert {
  const convert = converterOf(type)
  return (value) => (value === null || value === undefined ? null : convert(value))
}

function converterOf(type: DataType): Convert {
  if (DataType.isDictionary(type)) return arrowConverter(type.dictionary)
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type)) {
    const inner = arrowConverter(type.valueType)
    return (value) =>
      value instanceof Vector ? Array.from({ length: value.length }, (_, at) => inner(value.get(at))) : value
  }
  if (DataType.isStruct(type)) {
    const parts = type.children.map((child) => ({ name: child.name, convert: arrowConverter(child.type) }))
    return (value) =>
      value instanceof StructRow
        ? Object.fromEntries(parts.map(({ name, convert }) => [name, convert(Reflect.get(value, name))]))
        : value
  }
  if (DataType.isMap(type)) {
    const inner = arrowConverter(type.valueType)
    return (value) =>
      value instanceof MapRow ? Object.fromEntries([...value].map(([key, cell]) => [String(key), inner(cell)])) : value
  }
  if (DataType.isFloat(type) && type.precision !== Precision.DOUBLE) return shortest(type.precision)
  if (DataType.isTimestamp(type) || DataType.isDate(type))
    return (value) => (typeof value === 'number' ? new Date(value) : value)
  if (DataType.isDecimal(type)) return (value) => decimalText(value, type.scale)
  return (value) => {
    if (typeof value !== 'bigint') return value
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  }
}

/**
 * Numbers of 32 and 16 bits in the fewest digits that give the same number again: 0.57 and not
 * 0.5699999928474426. 9 digits tell all numbers of 32 bits apart, 5 those of 16 bits.
 */
const shortest =
  (precision: Precision): Convert =>
  (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value) || value === 0) return value
    const [most, isSame] = precision === Precision.HALF ? [5, sameHalf] : [9, sameSingle]
    for (let digits = 1; digits < most; digits++) {
      const short = Number(value.toPrecision(digits))
      if (isSame(short, value)) return short
    }
    return Number(value.toPrecision(most))
  }

const sameSingle = (one: number, other: number): boolean => Math.fround(one) === Math.fround(other)

/** Half precision has 11 significant bits: numbers up to half a step away mean the same. */
const sameHalf = (one: number, other: number): boolean =>
  Math.abs(one - other) <= 2 ** (Math.floor(Math.log2(Math.abs(other))) - 11)

/** A decimal of 128 or 256 bits, which comes as words of 32 bits, the lowest first. */
function decimalText(value: unknown, scale: number): unknown {
  if (!(value instanceof Uint32Array)) return value
  let whole = 0n
  for (const word of value.toReversed()) whole = (whole << 32n) | BigInt(word)
  const signed = BigInt.asIntN(value.length * 32, whole)
  const digits = (signed < 0n ? -signed : signed).toString().padStart(scale + 1, '0')
  const text = scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits
  return signed < 0n ? `-${text}` : text
}

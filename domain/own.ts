/**
 * The value of a name that a person wrote; undefined where the record has no such name of its own.
 * `record[name]` would find what every object has: `constructor`, `toString`, `__proto__`.
 */
export const own = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

import type { Writable } from 'node:stream'
import { plainText } from '../domain/plain-text.ts'

/** The streams under safe outputs. */
const streams = new WeakMap<object, Writable>()

/**
 * The same output, on which every text is made plain: nothing that Hone prints can move the cursor
 * or set the title of a terminal, wherever the text comes from. Bytes go through as they are.
 */
export function safeOutput<Output extends Writable>(output: Output): Output {
  const safe = new Proxy(output, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'write') return value.bind(target)
      return (chunk: unknown, ...more: unknown[]): unknown =>
        Reflect.apply(value, target, [typeof chunk === 'string' ? plainText(chunk) : chunk, ...more])
    },
  })
  streams.set(safe, output)
  return safe
}

/** Sends one of Hone's own control sequences to a terminal. */
export function control(output: { write(text: string): unknown }, sequence: string): void {
  const stream = streams.get(output) ?? output
  stream.write(sequence)
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The campaign of all fixtures, as small-demo.yaml names it. */
export const campaign = 'small-demo'

/** Where the old campaign stood when its home was kept. */
export const states = ['killed-in-sft', 'interrupted-in-rl', 'finished'] as const
export type State = (typeof states)[number]

/**
 * What stands in a fixture for the folder around its home, the checkout that wrote it, and the
 * machine: it names none of any machine.
 */
export const marks = { root: '__ROOT__', checkout: '__CHECKOUT__', host: '__HOST__' }

/** A machine's name as job folders hold it. */
export const hostField = (name: string): string => `"host":"${name}"`

/** Replaces texts in every file below a folder. */
export function replaceBelow(folder: string, pairs: readonly (readonly [string, string])[]): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = readFileSync(path, 'utf8')
    const replaced = replaceAll(text, pairs)
    if (replaced !== text) writeFileSync(path, replaced)
  }
}

/** Replaces each first text by its second, in order. */
export const replaceAll = (text: string, pairs: readonly (readonly [string, string])[]): string =>
  pairs.reduce((replaced, [from, to]) => replaced.replaceAll(from, to), text)

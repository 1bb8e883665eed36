import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The campaign of all fixtures, named as in small-demo.yaml. */
export const campaign = 'small-demo'

/** The state of the old campaign when its home was stored. */
export const states = ['killed-in-sft', 'interrupted-in-rl', 'finished'] as const
export type State = (typeof states)[number]

/**
 * Placeholders in the fixtures for the folder around the home, the checkout that wrote it, and the
 * machine. The fixtures name no real machine.
 */
export const marks = { root: '__ROOT__', checkout: '__CHECKOUT__', host: '__HOST__' }

/** A machine's name in the form of job folders. */
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

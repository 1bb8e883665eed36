import { llamafactory } from './llamafactory/llamafactory.ts'
import type { Trainer } from './trainer.ts'
import { trl } from './trl/trl.ts'

/**
 * Every training product by its name in recipes. A new product is a folder beside this file and a
 * line here.
 */
export const trainers: Readonly<Record<string, Trainer>> = { trl, llamafactory }

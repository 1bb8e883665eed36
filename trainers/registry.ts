import { llamafactory } from './llamafactory/llamafactory.ts'
import type { Trainer } from './trainer.ts'
import { trl } from './trl/trl.ts'

/**
 * Every training product by the name that recipes use. A new one is a folder beside this file and a
 * line here.
 */
export const trainers: Readonly<Record<string, Trainer>> = { trl, llamafactory }

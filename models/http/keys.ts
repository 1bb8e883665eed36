import { readFile, stat } from 'node:fs/promises'
import { HoneError, messageOf } from '../../domain/errors.ts'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { runKeyCommand } from './key-command.ts'

// Tokens of clouds live for ten minutes or longer, and a refused key is asked for anew at once.
const commandKeptMs = 5 * 60_000

interface CommandKey {
  key: Promise<string>
  at: number
}

interface FileKey {
  key: string
  stamp: string
}

/**
 * Keys of one process that come from files and commands. Engines live for one shard, and a command
 * takes a second or more, so engines share what a command printed.
 */
export class Keys {
  readonly #commands = new Map<string, CommandKey>()
  readonly #files = new Map<string, FileKey>()
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /**
   * The key that the command prints. Callers at one time share one run. It is kept for five
   * minutes, or until {@link refused}. Throws as runKeyCommand does; a failure is not kept.
   */
  ofCommand(command: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
    const known = this.#commands.get(command)
    if (known && this.#clock.now() - known.at < commandKeptMs) return known.key
    const key = runKeyCommand(command, env)
    const entry = { key, at: this.#clock.now() }
    this.#commands.set(command, entry)
    key.catch(() => this.#commands.get(command) === entry && this.#commands.delete(command))
    return key
  }

  /** The text of a file, trimmed. The file is read again when it changes. */
  async ofFile(path: string): Promise<string> {
    try {
      const { mtimeMs, size, ino } = await stat(path)
      const stamp = `${mtimeMs} ${size} ${ino}`
      const known = this.#files.get(path)
      if (known?.stamp === stamp) return known.key
      const key = (await readFile(path, 'utf8')).trim()
      if (key === '') throw new Error('it is empty')
      this.#files.set(path, { key, stamp })
      return key
    } catch (error) {
      throw new HoneError({
        type: 'MissingSecret',
        message: `the file with the key (apiKeyFile: ${path}) cannot be used: ${messageOf(error)}`,
        nextStep: 'name a file that holds only the key, on the machine where the worker runs',
      })
    }
  }

  /** A server refused this key. A newer key stays. */
  async refused(command: string, key: string): Promise<void> {
    const known = this.#commands.get(command)
    const current = await known?.key.catch(() => undefined)
    if (known && current === key && this.#commands.get(command) === known) this.#commands.delete(command)
  }
}

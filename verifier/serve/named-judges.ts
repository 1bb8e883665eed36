import type { Judge } from '../judge/judge.ts'
import { readJudgeFile } from '../judge/judge-file.ts'
import { openJudge } from '../judge/open-judge.ts'
import type { OpenJudge } from '../judge/open-judge.ts'

/** Judges that score requests name by id, beside the judge of the environment. */
export interface NamedJudges {
  /**
   * Opens the judge at its first use, and again when its file has changed. Throws HoneError
   * (InvalidInput) for an unknown id or an unusable file, JudgeUnreadable when the file cannot be
   * read.
   */
  find: (id: string) => Promise<Judge>
  /** Cancels what still runs and frees connections. */
  close: () => Promise<void>
}

/** The judges of a folder (see judge-file.ts). Keys are read from `env` when a judge is asked. */
export function openNamedJudges(
  folder: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): NamedJudges {
  const opened = new Map<string, { text: string; open: OpenJudge }>()
  // Other requests may still ask a judge whose file has changed. It costs a few idle sockets until
  // this server ends.
  const replaced: OpenJudge[] = []
  return {
    find: async (id) => {
      // Read each time: a few hundred bytes a batch, and no clock of a file system to trust.
      const { text, judge } = await readJudgeFile(folder, id)
      const known = opened.get(id)
      if (known?.text === text) return known.open.judge
      if (known) replaced.push(known.open)
      const open = openJudge({ ...judge, env })
      opened.set(id, { text, open })
      return open.judge
    },
    close: async () => {
      await Promise.all([...replaced, ...[...opened.values()].map(({ open }) => open)].map((open) => open.close()))
    },
  }
}

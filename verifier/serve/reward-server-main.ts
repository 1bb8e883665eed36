import { parseArgs } from 'node:util'
import { z } from 'zod'
import { describeError, HoneError } from '../../domain/errors.ts'
import { judgeFromEnv } from '../judge/open-judge.ts'
import { openNamedJudges } from './named-judges.ts'
import { startRewardServer } from './reward-server.ts'

/**
 * Process entry of the reward server:
 * `reward-server-main.ts [--host 127.0.0.1] [--port 0] [--judges DIR]`. The token comes from
 * HONE_REWARD_TOKEN, never from argv. HONE_JUDGE_URL, _MODEL and _KEY name a judge for what rules
 * leave open, and DIR holds the files of the judges that requests name. Prints one JSON line when
 * ready. SIGTERM, SIGINT or the end of the parent's IPC channel end the process.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { host: { type: 'string' }, port: { type: 'string' }, judges: { type: 'string' } },
  })
  const port = z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .safeParse(values.port ?? '0')
  if (!port.success)
    throw new HoneError({
      type: 'InvalidInput',
      message: `--port "${values.port ?? ''}" is not a port.`,
      nextStep: 'Give a number from 0 to 65535; 0 takes a free port.',
    })
  const token = process.env['HONE_REWARD_TOKEN']
  const open = judgeFromEnv(process.env)
  const judges = values.judges === undefined ? undefined : openNamedJudges(values.judges)
  const server = await startRewardServer({
    host: values.host ?? '127.0.0.1',
    port: port.data,
    token,
    judge: open?.judge,
    judges,
  })
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    const ended = Promise.all([server.close(), open?.close(), judges?.close()])
    ended.then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.on('disconnect', end)
  console.log(JSON.stringify({ ready: true, service: 'reward-server', url: server.url, pid: process.pid }))
}

main().catch((error: unknown) => {
  console.error(describeError(error))
  process.exit(1)
})

import { parseArgs } from 'node:util'
import { z } from 'zod'
import { describeError, HoneError } from '../../domain/errors.ts'
import { plainText } from '../../domain/plain-text.ts'
import { leastTokenLength } from '../../domain/token.ts'
import { judgeFromEnv } from '../judge/open-judge.ts'
import { openNamedJudges } from './named-judges.ts'
import { startRewardServer } from './reward-server.ts'

/**
 * Process entry of the reward server: `reward-server-main.ts [--host 127.0.0.1] [--port 0]
 * [--judges DIR] [--no-token]`. The token comes from HONE_REWARD_TOKEN, never from argv.
 * HONE_JUDGE_URL, _MODEL and _KEY name a judge for what rules leave open, and DIR holds the files
 * of the judges that requests name. Prints one JSON line when ready. SIGTERM, SIGINT or the end of
 * the parent's IPC channel end the process.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      judges: { type: 'string' },
      'no-token': { type: 'boolean' },
    },
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
  const host = values.host ?? '127.0.0.1'
  const token = tokenFor(host, values['no-token'] === true)
  const open = judgeFromEnv(process.env)
  const judges = values.judges === undefined ? undefined : openNamedJudges(values.judges)
  const server = await startRewardServer({
    host,
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

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/

/** Throws InvalidInput where a server would answer everybody without its user's word. */
function tokenFor(host: string, isOpen: boolean): string | undefined {
  const token = process.env['HONE_REWARD_TOKEN']
  if (token !== undefined && token.length >= leastTokenLength) return token
  if (isOpen && token === undefined && loopback.test(host)) return undefined
  throw new HoneError({
    type: 'InvalidInput',
    message:
      token === undefined
        ? `HONE_REWARD_TOKEN is not set, so everyone who reaches ${host} could ask for rewards.`
        : `HONE_REWARD_TOKEN has ${token.length} characters. A token has at least ${leastTokenLength}.`,
    nextStep:
      'Set HONE_REWARD_TOKEN to a long random text, e.g. of `openssl rand -base64 24`. ' +
      'For a trial on this machine alone, unset it and give --no-token with a loopback --host.',
  })
}

main().catch((error: unknown) => {
  console.error(plainText(describeError(error)))
  process.exit(1)
})

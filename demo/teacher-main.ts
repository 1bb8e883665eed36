import { parseArgs } from 'node:util'
import { startTeacher } from './teacher/server.ts'

/**
 * The teacher as a process: `tsx demo/teacher-main.ts --port 0 [--host 127.0.0.1] [--latency-ms
 * 0]`. Prints one line `ready http://host:port`, and ends on SIGTERM, SIGINT and when a parent that
 * holds an IPC channel is gone.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'latency-ms': { type: 'string', default: '0' },
  },
})

const port = readCount('port', values.port)
const latencyMs = readCount('latency-ms', values['latency-ms'])
const teacher = await startTeacher({ port, host: values.host, latencyMs })
process.stdout.write(`ready ${teacher.url}\n`)

const stop = (): void => {
  teacher.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
process.once('disconnect', stop)

function readCount(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  process.stderr.write(`--${name} must be a whole number of at least 0, not ${text}.\n`)
  return process.exit(2)
}

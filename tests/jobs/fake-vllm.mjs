#!/usr/bin/env node
// FakeVllm: the command line and the processes of `vllm serve`, without a model. FAKE_VLLM selects
// its failure.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

const words = process.argv.slice(2)
const flag = (name) => words[words.indexOf(name) + 1]
const [, , , model] = words
const mode = process.env.FAKE_VLLM ?? 'good'

if (mode === 'crash') {
  console.error('RuntimeError: Engine core initialization failed. See root cause above.')
  process.exit(1)
}
if (mode === 'port-taken-once' && !existsSync('../tried')) {
  writeFileSync('../tried', '')
  console.error('OSError: [Errno 98] Address already in use')
  process.exit(1)
}
// The engine goes on when the server is killed, as vLLM's engine does.
const engine = spawn('sleep', ['600'], { stdio: 'ignore' })
appendFileSync('../engines', `${engine.pid}\n`)
if (mode === 'killed') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    engine.kill()
    process.exit(0)
  })

const listed = {
  id: mode === 'other-name' ? 'round-0' : flag('--served-model-name'),
  root: mode === 'other-root' ? '/other' : model,
}
createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(request.url === '/v1/models' ? { data: [listed] } : {}))
}).listen(Number(flag('--port')), flag('--host'))

// FakeServer: a model server without a model. argv: port, served name, root, milliseconds until
// ready, mode.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port, name, root, delay = '0', mode = 'good'] = process.argv.slice(2)
appendFileSync('starts.txt', `${port}\n`)
if (mode === 'crash') {
  console.error('RuntimeError: weights are broken')
  process.exit(1)
}
if (mode === 'port-taken-once') {
  const { existsSync, writeFileSync } = await import('node:fs')
  if (!existsSync('tried')) {
    writeFileSync('tried', '')
    console.error(`cannot listen on 127.0.0.1:${port}: Address already in use`)
    process.exit(2)
  }
}
const began = Date.now()
createServer((request, response) => {
  const isReady = Date.now() - began >= Number(delay)
  if (request.url === '/health') {
    response.writeHead(isReady ? 200 : 503).end('{}')
    return
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ data: [{ id: name, root }] }))
}).listen(Number(port), '127.0.0.1')

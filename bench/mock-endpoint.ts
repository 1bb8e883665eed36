import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A chat-completions server of fixed latency that works on `cap` requests at once and queues the rest: the ideal time of N requests is
 * N × latency ÷ cap. Runs as a process of its own: `tsx bench/mock-endpoint.ts LATENCY_MS CAP`; prints its port.
 */
const [latencyMs = 200, cap = 64] = process.argv.slice(2).map(Number)
const reply = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'a red circle' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 4 },
})
let working = 0
const waiting: (() => void)[] = []

const work = (done: () => void): void => {
  working += 1
  setTimeout(() => {
    working -= 1
    done()
    waiting.shift()?.()
  }, latencyMs)
}

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const start = () => work(() => response.setHeader('content-type', 'application/json').end(reply))
    if (working < cap) start()
    else waiting.push(start)
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))

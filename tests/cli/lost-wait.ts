// `hone` with a fault: after three calls no request gets a slot, and nothing is left to wait for.
import { main } from '../../cli/main.ts'
import { Limiter } from '../../models/limiter.ts'

const acquire = Reflect.get(Limiter.prototype, 'acquire')
let granted = 0
Limiter.prototype.acquire = function (this: Limiter, request) {
  return ++granted <= 3 ? Reflect.apply(acquire, this, [request]) : new Promise(() => undefined)
}
process.exitCode = await main(process.argv.slice(2))

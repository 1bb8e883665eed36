import type { Bench, Figures } from './bench.ts'
import type { ClientName } from './clients.ts'

/** One question about the clients, and the clients that it is measured on by default. */
export interface Scenario {
  about: string
  clients: readonly ClientName[]
  /** One or several lines of figures. */
  run(bench: Bench, client: ClientName): Promise<Figures[]>
}

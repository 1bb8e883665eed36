import type { Environment } from '../command.ts'
import type { Launcher } from '../launchers/contract.ts'
import type { PollJob } from '../poller.ts'

/** A place of the site file that is ready to take jobs. */
export interface Place {
  name: string
  launcher: Launcher
  poll: PollJob
  /**
   * The programs of a product at this place. Throws MissingDependency when the place lacks the
   * product.
   */
  environment: (name: string) => Environment
  /**
   * The URL at which jobs of this place reach the reward server. `tokenEnv` names the variable with
   * its token.
   */
  reward: { url: string; tokenEnv: string | null }
}

/** All places that this worker can use. */
export interface Places {
  /**
   * The place of this name. Null gives the site file's default place. Throws InvalidRecipe for an
   * unknown name.
   */
  get(name: string | null): Place
  all(): Place[]
}

import { afterEach, beforeEach } from 'vitest'
import { FakeEndpoint } from '../models/fake-endpoint.ts'
import { StepFolder } from './step-world.ts'

/** Gives each test of a file a folder and a server of its own, and takes both away after it. */
export function eachWithFolderAndServer(give: (folder: StepFolder, endpoint: FakeEndpoint) => void): void {
  let folder: StepFolder
  let endpoint: FakeEndpoint
  beforeEach(async () => {
    folder = new StepFolder()
    endpoint = await new FakeEndpoint().start()
    give(folder, endpoint)
  })
  afterEach(async () => {
    await endpoint.stop()
    folder.remove()
  })
}

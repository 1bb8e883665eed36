import { NativeConnection } from '@temporalio/worker'
import { nativeOptions, told } from '../services/temporal-connection.ts'
import type { TemporalServer } from '../services/temporal-server.ts'

/** A worker's connection. `close` ends it once no worker uses it. */
export interface WorkerConnection {
  connection: NativeConnection
  close: () => Promise<void>
}

const lookSeconds = 1

/**
 * Connects a worker. A rotated API key reaches the connection within a second. A poll that is
 * refused in between is sent again by the SDK after ten seconds. Throws EndpointRefused with the
 * reason.
 */
export async function connectWorker(server: TemporalServer): Promise<WorkerConnection> {
  const options = nativeOptions(server)
  const connection = await told(server, () => NativeConnection.connect(options))
  const stop = followKey(connection, server, options.apiKey ?? null)
  return {
    connection,
    close: async () => {
      stop()
      await connection.close()
    },
  }
}

function followKey(connection: NativeConnection, { access }: TemporalServer, first: string | null): () => void {
  if (access === undefined || first === null) return () => undefined
  let sent = first
  const look = async (): Promise<void> => {
    const key = access.key()
    if (key === null || key === sent) return
    await connection.setApiKey(key)
    sent = key
  }
  const timer = setInterval(() => void look().catch(() => undefined), lookSeconds * 1000)
  timer.unref()
  return () => clearInterval(timer)
}

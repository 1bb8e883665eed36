import { DefaultLogger, Runtime } from '@temporalio/worker'

/** Temporal's workers in tests log only errors. Import this first in a file that runs workers. */
Runtime.install({ logger: new DefaultLogger('ERROR') })

import { DefaultLogger, Runtime } from '@temporalio/worker'

/** Temporal's workers in tests say only what is wrong. Import it first in a file that runs workers. */
Runtime.install({ logger: new DefaultLogger('ERROR') })

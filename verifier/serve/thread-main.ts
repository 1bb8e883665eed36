import { verifiedCase } from '../verify.ts'
import { serveThread } from './thread-loop.ts'

/** Entry of a thread of the verifier pool. */
serveThread(verifiedCase)

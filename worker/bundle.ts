import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'

/**
 * The workflow code as one pure script. Webpack resolves `.ts` specifiers from sources and `.js`
 * from a build. A Node built-in that slips in fails here, not in a running campaign.
 */
export async function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(`../workflows/main.${extension}`, import.meta.url)),
    logger: { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error },
  })
}

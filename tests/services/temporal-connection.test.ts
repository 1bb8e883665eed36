import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { connectTemporal } from '../../services/temporal-connection.ts'
import { usersTemporal } from '../../services/temporal-server.ts'
import type { TemporalServer } from '../../services/temporal-server.ts'
import { bringUpTemporal } from '../../services/temporal.ts'
import { connectWorker } from '../../worker/temporal.ts'
import { FakeHone } from '../workflows/fake-hone.ts'
import { openStage, until } from '../workflows/stage.ts'
import { makeAuthority } from '../world/certificates.ts'
import { temporaryHome } from '../world/home.ts'
import { openTemporalProxy } from '../world/temporal-proxy.ts'
import type { TemporalProxy, TemporalProxyOptions } from '../world/temporal-proxy.ts'
import { freshNamespace } from '../world/temporal.ts'
import type { TestTemporal } from '../world/temporal.ts'

// A real dev server behind real TLS. Its certificates are from an authority of this test.
const certificates = makeCertificates()
let temporal: TestTemporal

beforeAll(async () => {
  temporal = await freshNamespace()
})

function makeCertificates() {
  const folder = mkdtempSync(join(tmpdir(), 'hone-certificates-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const authority = makeAuthority(folder, 'authority')
  const stranger = makeAuthority(folder, 'stranger')
  return {
    ca: authority.cert,
    otherCa: stranger.cert,
    server: authority.sign('server', 'IP:127.0.0.1', 'DNS:localhost'),
    named: authority.sign('named', 'DNS:temporal.example'),
    client: authority.sign('client', 'DNS:client'),
    otherClient: stranger.sign('other-client', 'DNS:client'),
  }
}

async function openProxy(more: Partial<TemporalProxyOptions> = {}): Promise<TemporalProxy> {
  const proxy = await openTemporalProxy({ upstream: temporal.address, server: certificates.server, ...more })
  onTestFinished(() => proxy.close())
  return proxy
}

/** The server of these variables and of address, namespace and CA. */
function server(proxy: TemporalProxy, more: Record<string, string> = {}): TemporalServer {
  const env = {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca,
    ...more,
  }
  const found = usersTemporal(env)
  if (found === null) throw new Error('no server is named')
  return found
}

const certVariables = ({ cert, key }: { cert: string; key: string }) => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: key,
})

/** Expects that client and worker connect. */
async function connectBoth(to: TemporalServer): Promise<void> {
  const client = await connectTemporal(to)
  await client.workflowService.describeNamespace({ namespace: to.namespace })
  await client.close()
  const worker = await connectWorker(to)
  await worker.connection.workflowService.describeNamespace({ namespace: to.namespace })
  await worker.close()
}

/** Expects that client and worker fail with the same error. Returns the error's text. */
async function refusal(to: TemporalServer): Promise<string> {
  const say = async (connect: () => Promise<unknown>): Promise<string> =>
    await connect().then(
      () => 'connected',
      (error: Error & { type?: string; nextStep?: string }) => `${error.type}: ${error.message} → ${error.nextStep}`,
    )
  const [client, worker] = [await say(() => connectTemporal(to, 5000)), await say(() => connectWorker(to))]
  expect(worker.slice(0, 60)).toBe(client.slice(0, 60))
  return worker
}

test('TLS with a private authority: the right CA connects client and worker, and a wrong CA is an error', async () => {
  const proxy = await openProxy()
  await connectBoth(server(proxy))
  expect(await refusal(server(proxy, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.otherCa }))).toMatch(
    /^EndpointRefused: Temporal at 127.0.0.1:\d+ has a certificate that the given CA has not signed \([A-Z_]+\)\. → .*TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  )
  // Without a CA the authorities of the system count.
  expect(await refusal(server(proxy, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '', TEMPORAL_TLS: 'true' }))).toContain(
    'has not signed',
  )
  expect(await refusal(server(proxy, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '' }))).toMatch(
    /wants TLS, and no TLS is set\. → Set TEMPORAL_TLS=true/,
  )
}, 60_000)

test('a certificate for another name is an error, and a variable can set that name', async () => {
  const proxy = await openProxy({ server: certificates.named })
  expect(await refusal(server(proxy))).toMatch(/another name.*TEMPORAL_TLS_SERVER_NAME/)
  await connectBoth(server(proxy, { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }))
})

test('a server without TLS is an error for a client with TLS', async () => {
  const proxy = { address: temporal.address } as TemporalProxy
  expect(await refusal(server(proxy))).toMatch(/does not speak TLS.*TEMPORAL_TLS=false/)
})

test('mTLS: the client certificate connects, and a missing or a foreign certificate is an error', async () => {
  const proxy = await openProxy({ clientCa: certificates.ca })
  await connectBoth(server(proxy, certVariables(certificates.client)))
  expect(await refusal(server(proxy))).toMatch(/wants a client certificate.*TEMPORAL_TLS_CLIENT_CERT_PATH/)
  // A proxy written with Node gives no reason.
  expect(await refusal(server(proxy, certVariables(certificates.otherClient)))).toMatch(
    /closes the connection after the TLS handshake\. → It may want .* or another one/,
  )
})

test('an API key connects, a wrong key is an error that never shows it, and headers are sent', async () => {
  const proxy = await openProxy({ keys: new Set(['right-key']) })
  const right = server(proxy, { TEMPORAL_API_KEY: 'right-key', TEMPORAL_GRPC_META_X_MY_TEAM: 'vision' })
  await connectBoth(right)
  expect(proxy.requests.length).toBeGreaterThan(3)
  expect(proxy.requests.filter((headers) => headers['x-my-team'] !== 'vision')).toEqual([])
  expect(inspect(right, { depth: 9, showHidden: true }) + JSON.stringify(right)).not.toContain('right-key')
  const wrong = await refusal(server(proxy, { TEMPORAL_API_KEY: 'wrong-key' }))
  expect(wrong).toMatch(
    /^EndpointRefused: .* refuses the API key for namespace test-\d+: .*unknown key.*TEMPORAL_API_KEY/,
  )
  expect(wrong).not.toContain('wrong-key')
  expect(await refusal(server(proxy))).toMatch(/lets nobody in without a key.*TEMPORAL_API_KEY/)
})

test('the start-up check connects the same way, and names a missing namespace', async () => {
  const proxy = await openProxy({ keys: new Set(['right-key']), forbidden: /OperatorService/ })
  const env = {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.ca,
    TEMPORAL_API_KEY: 'right-key',
  }
  const home = temporaryHome()
  // As in a cloud, Hone never asks the operator's service. It finds the search attributes by
  // searching.
  expect(await bringUpTemporal({ home, env })).toMatchObject({ owned: false, address: proxy.address })
  await expect(bringUpTemporal({ home, env: { ...env, TEMPORAL_API_KEY: 'other' } })).rejects.toMatchObject({
    type: 'EndpointRefused',
    message: expect.stringContaining('refuses the API key'),
  })
  await expect(bringUpTemporal({ home, env: { ...env, TEMPORAL_NAMESPACE: 'nowhere' } })).rejects.toMatchObject({
    message: expect.stringContaining('does not serve namespace nowhere'),
  })
})

test('a new key in the profile reaches the running client and the running worker', async () => {
  const keys = new Set(['first-key'])
  const proxy = await openProxy({ keys })
  const file = join(temporaryHome(), 'temporal.toml')
  const write = (key: string): void => {
    writeFileSync(`${file}.new`, profile(proxy, key), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  write('first-key')
  const found = usersTemporal({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' })
  if (found === null) throw new Error('no server is named')
  const stage = await openStage(found)
  onTestFinished(() => stage.close())
  const run = async (name: string): Promise<unknown> => {
    await stage.campaigns.start(name)
    return await stage.resultOf(name)
  }
  const polls = (key: string) =>
    proxy.requests.filter((headers) => headers[':path']?.includes('/Poll') && headers.authorization === `Bearer ${key}`)
      .length
  await stage.work(new FakeHone(1), async () => {
    expect(await run('before')).toEqual({ head: 1 })
    // The right way to rotate: both keys are valid until the new key is in use.
    keys.add('second-key')
    write('second-key')
    await until('the client uses the new key', async () => {
      await stage.isRunning('before')
      return proxy.requests.at(-1)?.authorization === 'Bearer second-key'
    })

    let more = 0
    await until('the worker polls with the new key', async () => {
      await run(`between-${more++}`)
      return polls('second-key') > 0
    })
    keys.delete('first-key')
    // A half-written file leaves the valid key in use.
    writeFileSync(file, '[profile.prod]\naddress = "')
    expect(await run('meanwhile')).toEqual({ head: 1 })
    // The old key ends before the new key is there. Refused requests are sent again.
    keys.clear()
    keys.add('third-key')
    write('third-key')
    expect(await run('after')).toEqual({ head: 1 })
    expect(polls('third-key')).toBeGreaterThan(0)
  })
}, 90_000)

const profile = ({ address }: TemporalProxy, key: string): string => `[profile.prod]
address = "${address}"
namespace = "${temporal.namespace}"
api_key = "${key}"
[profile.prod.tls]
server_ca_cert_path = "${certificates.ca}"
`

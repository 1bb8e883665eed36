import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { meaningOfLoss } from '../../../models/replies/meaning-of-loss.ts'
import { asked, key, said } from './answers.ts'

const coded = (code: string, message = code, more: object = {}) => Object.assign(new Error(message), { code, ...more })

it.each([
  ['ECONNREFUSED', coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:8000', { syscall: 'connect' })],
  ['ENOTFOUND', coded('ENOTFOUND', 'getaddrinfo ENOTFOUND api.example.com')],
  ['EAI_AGAIN', coded('EAI_AGAIN')],
  ['EHOSTUNREACH', coded('EHOSTUNREACH')],
  ['ENETUNREACH', coded('ENETUNREACH')],
  ['a time-out of the connection', coded('ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:443', { syscall: 'connect' })],
  ['a reset while connecting', coded('ECONNRESET', 'connect ECONNRESET', { syscall: 'connect' })],
  [
    'a reset before TLS',
    coded('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established'),
  ],
  ['two addresses', Object.assign(new AggregateError([coded('ECONNREFUSED')], ''), { code: 'ECONNREFUSED' })],
  ['two addresses without a code', new AggregateError([coded('EHOSTUNREACH')], 'all failed')],
  ['an error in an error', new Error('Connection error.', { cause: coded('ECONNREFUSED') })],
  ['undici', coded('UND_ERR_CONNECT_TIMEOUT', 'Connect Timeout Error')],
  ['no more open files', coded('EMFILE', 'connect EMFILE', { syscall: 'connect' })],
  ['no more ports', coded('EADDRNOTAVAIL')],
  ['a proxy that is gone', new Error('Proxy connection ended before receiving CONNECT response')],
])('%s: the server is away', (_, error) => {
  expect(meaningOfLoss(error, asked())).toMatchObject({ kind: 'away', reason: 'unreachable' })
})

it.each([
  ['ECONNRESET', coded('ECONNRESET', 'read ECONNRESET', { syscall: 'read' }), 'failed', 'connection-lost'],
  ['EPIPE', coded('EPIPE', 'write EPIPE', { syscall: 'write' }), 'failed', 'connection-lost'],
  ['a hang-up', coded('ECONNRESET', 'socket hang up'), 'failed', 'connection-lost'],
  ['half a reply', coded('ECONNRESET', 'aborted'), 'failed', 'connection-lost'],
  ['half a gzip', coded('Z_BUF_ERROR', 'unexpected end of file'), 'failed', 'broken-reply'],
  ['no gzip', coded('Z_DATA_ERROR', 'incorrect header check'), 'failed', 'broken-reply'],
  ['half a message', coded('HPE_INVALID_EOF_STATE'), 'failed', 'connection-lost'],
  ['a broken TLS record', coded('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'), 'failed', 'connection-lost'],
  ['packets that are dropped', coded('ETIMEDOUT', 'read ETIMEDOUT', { syscall: 'read' }), 'silent', 'timeout'],
  [
    'a server that speaks no HTTP',
    coded('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/'),
    'failed',
    'broken-reply',
  ],
  ['no error at all', undefined, 'failed', 'connection-lost'],
  ['a text', 'gone', 'failed', 'connection-lost'],
])('%s is %s', (_, error, kind, reason) => {
  expect(said(meaningOfLoss(error, asked()))).toMatchObject({ kind, reason })
})

it.each([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'caFile'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'caFile'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'caFile'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'caFile'],
  ['CERT_HAS_EXPIRED', 'renew the certificate'],
  ['CERT_NOT_YET_VALID', 'clock'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'name that the server'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'http://'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'http://'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'TLS handshake'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'TLS handshake'],
  ['ERR_INVALID_URL', 'correct the URL'],
  ['ERR_INVALID_PROTOCOL', 'correct the URL'],
  ['ERR_INVALID_CHAR', 'line breaks'],
])('%s ends the step', (code, step) => {
  const result = said(meaningOfLoss(coded(code), asked()))
  expect(result).toMatchObject({ kind: 'fatal', reason: 'EndpointRefused', nextStep: expect.stringContaining(step) })
})

it('a proxy that wants a password ends the step', () => {
  const result = meaningOfLoss(new Error('Proxy Authentication Required'), asked())
  expect(said(result)).toMatchObject({ kind: 'fatal', nextStep: expect.stringContaining('`proxy`') })
})

it('shows no key', () => {
  const result = meaningOfLoss(coded('ERR_INVALID_CHAR', `Invalid character in header content ["${key}"]`), asked())
  expect(JSON.stringify(said(result))).not.toContain(key)
})

const servers: http.Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const portOf = async (server: http.Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

const lossOf = (send: () => http.ClientRequest): Promise<unknown> =>
  new Promise((resolve) => {
    try {
      send().on('error', resolve).end()
    } catch (error) {
      resolve(error)
    }
  })

it('knows the errors of Node itself', async () => {
  const port = await portOf(http.createServer((_, response) => response.destroy()))
  const kindOf = async (send: () => http.ClientRequest) => said(meaningOfLoss(await lossOf(send), asked()))
  expect(await kindOf(() => http.request(`http://127.0.0.1:${port}`))).toMatchObject({ reason: 'connection-lost' })
  expect(await kindOf(() => https.request(`https://127.0.0.1:${port}`))).toMatchObject({
    kind: 'fatal',
    nextStep: expect.stringContaining('http://'),
  })
  expect(await kindOf(() => http.request('http://no-such-host.invalid'))).toMatchObject({ kind: 'away' })
  expect(await kindOf(() => http.request('http://127.0.0.1:1'))).toMatchObject({ kind: 'away' })
  expect(await kindOf(() => http.request('ftp://127.0.0.1'))).toMatchObject({ kind: 'fatal' })
  const headers = { authorization: 'Bearer a\nb' }
  expect(await kindOf(() => http.request('http://127.0.0.1:1', { headers }))).toMatchObject({ kind: 'fatal' })
})

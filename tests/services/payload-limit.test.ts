import { defaultPayloadConverter } from '@temporalio/common'
import { expect, it } from 'vitest'
import { PayloadLimitCodec, payloadLimitBytes } from '../../services/payload-limit.ts'

const codec = new PayloadLimitCodec()
/** A payload of this many bytes, with the two quotes of JSON. */
const payload = (bytes: number) => defaultPayloadConverter.toPayload('x'.repeat(bytes - 2))

it('payloads of up to 16 KiB pass unchanged, both ways', async () => {
  const payloads = [payload(2), payload(payloadLimitBytes)]
  expect(await codec.encode(payloads)).toEqual(payloads)
  expect(await codec.decode(payloads)).toEqual(payloads)
})

it('a payload with one more byte is refused with size, limit and next step', async () => {
  await expect(codec.encode([payload(2), payload(payloadLimitBytes + 1)])).rejects.toThrow(
    'a payload of 16385 bytes was about to travel; the limit is 16384. Store it and send its id.',
  )
})

it('a payload of an old history is read whatever its size', async () => {
  const payloads = [payload(payloadLimitBytes + 1)]
  expect(await codec.decode(payloads)).toEqual(payloads)
})

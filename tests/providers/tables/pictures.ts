import { error, json, text, vllmError } from '../answers.ts'
import { refusesRow, whole } from '../behaviours.ts'
import type { Behaviour } from '../behaviours.ts'

const one = { onlyRow: 5 }
/** Pictures and other contents that a server refuses for one row. */
export const pictures: readonly Behaviour[] = [
  // Pictures.
  refusesRow(
    'DashScope: the picture is too small',
    [
      error(
        400,
        '<400> InternalError.Algo.InvalidParameter: The image length and width do not meet the model restrictions. [height:1 or width:1 must be larger than 10]',
        { code: 'invalid_parameter_error' },
      ),
    ],
    /must be larger than 10/,
    { ...one, source: 'QwenLM/qwen-code#2505' },
  ),
  refusesRow(
    'Anthropic: image dimensions',
    [
      json(400, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message:
            'messages.0.content.1.image.source.base64.data: At least one of the image dimensions exceed max allowed size: 8000 pixels',
        },
      }),
    ],
    /8000 pixels/,
    { ...one, source: 'anthropics/claude-code#4778' },
  ),
  refusesRow(
    'Anthropic: could not process image',
    [json(400, { type: 'error', error: { type: 'invalid_request_error', message: 'Could not process image' } })],
    /Could not process image/,
    one,
  ),
  refusesRow(
    'Anthropic: image exceeds 5 MB',
    [
      json(400, {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message:
            'messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes',
        },
      }),
    ],
    /5 MB/,
    one,
  ),
  refusesRow(
    'OpenAI: unsupported image',
    [
      error(
        400,
        'You uploaded an unsupported image. Please make sure your image has of one the following formats: [png, jpeg, gif, webp].',
        { code: 'invalid_image_format' },
      ),
    ],
    /unsupported image/,
    one,
  ),
  refusesRow(
    'OpenAI: image_parse_error',
    [
      error(
        400,
        'The image data you provided does not represent a valid image. Please check your input and try again.',
        { code: 'image_parse_error' },
      ),
    ],
    /valid image/,
    one,
  ),
  refusesRow(
    'vLLM: cannot identify image file',
    [vllmError(400, 'cannot identify image file <_io.BytesIO object at 0x7f>')],
    /cannot identify image/,
    one,
  ),
  refusesRow(
    'Gemini: unable to process input image',
    [
      json(400, {
        error: {
          code: 400,
          message: 'Unable to process input image. Please retry or report in troubleshooting',
          status: 'INVALID_ARGUMENT',
        },
      }),
    ],
    /process input image/,
    one,
  ),
  refusesRow(
    'llama.cpp: failed to load image',
    [error(400, 'Failed to load image or audio file', { code: 400 })],
    /Failed to load image/,
    one,
  ),
  // Refusals that are nobody else's.
  refusesRow('an unclear 400 of one row', [error(400, 'Bad request')], /Bad request/, one),
  refusesRow('a 400 without a body of one row', [{ status: 400 }], /400/, one),
  refusesRow('an unclear 422 of one row', [error(422, 'Unprocessable entity')], /Unprocessable/, one),
  refusesRow(
    'vLLM: a chat template that refuses the roles',
    [vllmError(400, 'Conversation roles must alternate user/assistant/user/assistant/...')],
    /roles must alternate/,
    one,
  ),
  refusesRow('a 404 of one row', [text(404, 'Not Found')], /404/, one),
  whole(
    'one 401 among good replies is no key problem',
    [
      error(401, 'Unauthorized'),
      {
        status: 200,
        body: [
          '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}',
        ],
      },
    ],
    'Hi',
    { ...one, source: 'tokens that a gateway renews' },
  ),
  refusesRow('many refusals of one kind among good rows', [error(400, 'Invalid content')], /Invalid content/, {
    onlyRow: 9,
  }),
]

import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { seedOf } from '../random.ts'
import { demoTeacher } from '../world.ts'
import type { TeacherSettings } from '../world.ts'
import { caption } from './captioner.ts'
import { readChatRequest, RefusedRequest } from './chat-request.ts'
import type { ChatRequest } from './chat-request.ts'
import { reading, seeing } from './model.ts'
import type { Model } from './model.ts'
import { reasonOver } from './reasoner.ts'
import { UnreadablePicture } from './see.ts'
import { askMissing } from './text/asker.ts'
import { judgeAnswer } from './text/judge.ts'
import { screenQuestion } from './text/screener.ts'
import { writeQuestion } from './text/writer.ts'
import { countTokens, truncate } from './tokens.ts'
import { answerer } from './vision/answerer.ts'
import { arbitrate } from './vision/arbiter.ts'
import { glance } from './vision/glancer.ts'
import { rate } from './vision/rater.ts'
import { rewriteTrace } from './vision/rewriter.ts'

export interface TeacherOptions {
  /** 0 takes a free port. */
  port: number
  host: string
  /** Wait before each reply, to play a slower model. Default 0. */
  latencyMs?: number
  /** How it errs and words. Default: the world's. */
  settings?: TeacherSettings
}

export interface Teacher {
  /** Without a slash at the end; the OpenAI base URL is `${url}/v1`. */
  url: string
  /** Ends open connections and returns when the port is free. */
  close: () => Promise<void>
}

/** Every model by its id: a role that sees one picture, or one that reads text alone. */
const teacherModels: Readonly<Record<string, Model>> = {
  'demo-captioner': seeing(caption),
  'demo-glancer': seeing(glance),
  'demo-answerer': seeing(answerer),
  'demo-arbiter': seeing(arbitrate),
  'demo-rewriter': seeing(rewriteTrace),
  'demo-rater': seeing(rate),
  'demo-reasoner': reading(reasonOver),
  'demo-asker': reading(askMissing),
  'demo-writer': reading(writeQuestion),
  'demo-screener': reading(screenQuestion),
  'demo-judge': reading(judgeAnswer),
}

const ownedBy = 'hone demo (a rule-based program, not a neural network)'
const maxBodyBytes = 32 * 1024 * 1024
/** Tokens that one picture counts for: a 56-pixel picture is 2×2 merged patches of 28 pixels. */
const tokensPerImage = 4

/**
 * Starts the demo's teacher: an OpenAI-compatible server whose models are rule-based programs and
 * say so in /v1/models. Rejects with the system's error when the port is taken.
 */
export async function startTeacher(options: TeacherOptions): Promise<Teacher> {
  const server = createAdaptorServer({ fetch: teacherApp(options).fetch })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  // A server that listens on TCP has an AddressInfo; a string is only for pipes.
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

function teacherApp(options: TeacherOptions): Hono {
  const app = new Hono()
  let calls = 0
  // How often it was asked tells whether a caller paid for a reply twice.
  app.get('/health', (context) => context.json({ status: 'ok', calls }))
  app.get('/v1/models', (context) =>
    context.json({
      object: 'list',
      data: Object.keys(teacherModels).map((id) => ({ id, object: 'model', created: 0, owned_by: ownedBy })),
    }),
  )
  const limit = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new RefusedRequest(413, 'request_too_large', null, `A request has at most ${maxBodyBytes} bytes.`)
    },
  })
  app.post('/v1/chat/completions', limit, async (context) => {
    calls += 1
    const body: unknown = await context.req.json().catch(() => {
      throw new RefusedRequest(400, 'invalid_json', null, 'The body is not JSON.')
    })
    const request = readChatRequest(body)
    const reply = await complete(request, options.settings ?? demoTeacher)
    if (options.latencyMs !== undefined) await sleep(options.latencyMs)
    return context.json(reply)
  })
  app.notFound((context) =>
    context.json(errorObject('not_found', null, `There is no ${context.req.method} ${context.req.path}.`), 404),
  )
  app.onError((error, context) => {
    if (error instanceof RefusedRequest) {
      return context.json(errorObject(error.code, error.param, error.message), error.status)
    }
    if (error instanceof UnreadablePicture) {
      return context.json(errorObject('invalid_image', 'messages', error.message), 400)
    }
    const failure = {
      message: 'The demo teacher failed on this request.',
      type: 'server_error',
      param: null,
      code: null,
    }
    process.stderr.write(`demo teacher: ${error.stack ?? error.message}\n`)
    return context.json({ error: failure }, 500)
  })
  return app
}

async function complete(request: ChatRequest, settings: TeacherSettings): Promise<object> {
  const model = teacherModels[request.model]
  if (model === undefined) {
    const known = Object.keys(teacherModels).join(', ')
    throw new RefusedRequest(
      404,
      'model_not_found',
      'model',
      `There is no model ${request.model}. There are: ${known}.`,
    )
  }
  const choices = []
  let completionTokens = 0
  for (let index = 0; index < request.samples; index += 1) {
    // For every n, sample 0 of seed s equals the reply to a request for one sample with seed s.
    const seed = index === 0 ? request.seed : seedOf(request.seed, 'sample', index)
    const { text, isCut } = truncate(await model(request, seed, settings), request.maxTokens)
    completionTokens += countTokens(text)
    choices.push({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: null,
      finish_reason: isCut ? 'length' : 'stop',
    })
  }
  const promptTokens = countTokens(request.text) + request.images.length * tokensPerImage
  const content = JSON.stringify([request.model, request.seed, request.text, choices])
  return {
    id: `chatcmpl-${createHash('sha256').update(content).digest('hex').slice(0, 24)}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  }
}

function errorObject(code: string, param: string | null, message: string): object {
  return { error: { message, type: 'invalid_request_error', param, code } }
}

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'

/** A model on the fake hub. */
export interface FakeRepo {
  /** The commit of each branch and tag. `main` is the newest commit. */
  refs: Record<string, string>
  /** Files of each commit. */
  commits: Record<string, Map<string, Buffer>>
  /** Files are sent only to clients with this token. */
  gatedBy?: string
  /** The number of parameters that the hub reports for safetensors. */
  parameters?: number
}

/** A request for a file's bytes. */
export interface FileRequest {
  file: string
  range: string | null
  authorization: string | null
  /** Whether the request came to the second address, which imitates the hub's content network. */
  elsewhere: boolean
}

/** Files of this size or more are on the content network, like large files of the real hub. */
const largeBytes = 200

/**
 * The part of the Hugging Face hub's file API that its own client uses, over real HTTP: model info,
 * HEAD and ranged GET of files, redirects of large files to another host, error codes. Set
 * HF_ENDPOINT to `url`.
 */
export class FakeHub {
  readonly repos = new Map<string, FakeRepo>()
  /** GETs of files, in order. */
  readonly gets: FileRequest[] = []
  /** All requests, e.g. "GET /api/models/a/b". */
  readonly asked: string[] = []
  /**
   * Each file breaks after this many bytes: the connection closes (`cut`) or stays silent (`hold`).
   */
  breaks: { afterBytes: number; how: 'cut' | 'hold'; times: number } | null = null
  /** Called when a file begins to be held back. */
  onHold: () => void = () => {}
  url = ''
  #server: Server | null = null
  #port = 0

  /** Adds a commit of a model from a folder and points `main` to it. */
  async add(repo: string, folder: string, commit: string, more: Partial<FakeRepo> = {}): Promise<void> {
    const files = new Map<string, Buffer>()
    for (const name of await readdir(folder)) files.set(name, await readFile(join(folder, name)))
    const before = this.repos.get(repo)
    this.repos.set(repo, {
      ...before,
      refs: { ...before?.refs, main: commit },
      commits: { ...before?.commits, [commit]: files },
      ...more,
    })
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => this.#answer(request, response))
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the system gave no port')
    this.#port = address.port
    this.url = `http://127.0.0.1:${this.#port}`
    return this
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', this.url)
    this.asked.push(`${request.method} ${pathname}`)
    const info = /^\/api\/models\/([^/]+\/[^/]+)(?:\/revision\/(.+))?$/.exec(pathname)
    if (info) return this.#info(response, info[1] ?? '', decodeURIComponent(info[2] ?? 'main'))
    const file = /^(\/cdn)?\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname)
    if (file) {
      const [, cdn, repo = '', revision = '', name = ''] = file
      return this.#file(request, response, { repo, revision: decodeURIComponent(revision), name, elsewhere: !!cdn })
    }
    fail(response, 404, 'EntryNotFound')
  }

  #find(repo: string, revision: string): { found: FakeRepo; commit: string } | 'RepoNotFound' | 'RevisionNotFound' {
    const found = this.repos.get(repo)
    if (!found) return 'RepoNotFound'
    const commit = found.refs[revision] ?? (found.commits[revision] ? revision : undefined)
    return commit === undefined ? 'RevisionNotFound' : { found, commit }
  }

  #info(response: ServerResponse, repo: string, revision: string): void {
    const at = this.#find(repo, revision)
    // Like the real hub: a client without rights cannot tell a missing model from a private model.
    if (at === 'RepoNotFound') return fail(response, 401, at)
    if (at === 'RevisionNotFound') return fail(response, 404, at)
    const { found, commit } = at
    const siblings = [...(found.commits[commit] ?? [])].map(([rfilename, content]) => ({
      rfilename,
      size: content.length,
      blobId: gitHash(content),
      ...(content.length >= largeBytes && { lfs: { sha256: sha256(content), size: content.length, pointerSize: 134 } }),
    }))
    const safetensors = found.parameters && { parameters: { F32: found.parameters }, total: found.parameters }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: repo, sha: commit, siblings, ...(safetensors && { safetensors }) }))
  }

  #file(
    request: IncomingMessage,
    response: ServerResponse,
    { repo, revision, name, elsewhere }: { repo: string; revision: string; name: string; elsewhere: boolean },
  ): void {
    const at = this.#find(repo, revision)
    if (typeof at === 'string') return fail(response, 404, at)
    const { found, commit } = at
    const authorization = request.headers.authorization ?? null
    if (found.gatedBy !== undefined && !elsewhere && authorization !== `Bearer ${found.gatedBy}`)
      return fail(response, 401, 'GatedRepo')
    const content = found.commits[commit]?.get(name)
    if (!content) return fail(response, 404, 'EntryNotFound')
    response.setHeader('x-repo-commit', commit)
    response.setHeader('accept-ranges', 'bytes')
    if (content.length >= largeBytes && !elsewhere) {
      response.setHeader('x-linked-size', content.length)
      response.setHeader('x-linked-etag', `"${sha256(content)}"`)
      response.setHeader(
        'location',
        `http://localhost:${this.#port}/cdn/${repo}/resolve/${commit}/${name}?Signature=s3cret`,
      )
      response.writeHead(302).end()
      return
    }
    response.setHeader('etag', `"${gitHash(content)}"`)
    if (request.method === 'HEAD') {
      response.setHeader('content-length', content.length)
      response.end()
      return
    }
    this.gets.push({ file: name, range: request.headers.range ?? null, authorization, elsewhere })
    this.#send(response, content, Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0))
  }

  #send(response: ServerResponse, content: Buffer, from: number): void {
    if (from > 0) response.setHeader('content-range', `bytes ${from}-${content.length - 1}/${content.length}`)
    response.setHeader('content-length', content.length - from)
    response.writeHead(from > 0 ? 206 : 200)
    const { breaks } = this
    if (breaks === null || breaks.times === 0 || content.length - from <= breaks.afterBytes) {
      response.end(content.subarray(from))
      return
    }
    breaks.times -= 1
    response.write(content.subarray(from, from + breaks.afterBytes), () => {
      if (breaks.how === 'cut') response.destroy()
      else this.onHold()
    })
  }
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.setHeader('x-error-code', code)
  response.setHeader('x-error-message', code)
  response.writeHead(status).end()
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
const gitHash = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')

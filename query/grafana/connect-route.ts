import { Buffer } from 'node:buffer'
import {
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import { compressionGzip } from '@connectrpc/connect-node'
import type { Context } from 'koa'
import { ApiError } from '../api/answer.ts'
import type { Route } from '../api/create-api.ts'
import { analyzeQuery, getProfileStats } from './about-methods.ts'
import type { MethodRequest } from './querier-methods.ts'
import * as methods from './querier-methods.ts'
import { QuerierService } from './querier-pb.ts'
import { sendConnectError, tellWarnings } from './send-connect-error.ts'

/** One call, and why it has no answer where it has none. */
interface Call {
  readonly request: MethodRequest
  /** Whether its request could be read. */
  isRead: boolean
  failure?: { readonly error: unknown }
}

const callKey = createContextKey<Call | undefined>(undefined)

/** POST /querier.v1.QuerierService/<method>: unary calls in protobuf or JSON, which is what Grafana sends; no gRPC. */
export function answerQuerier(): Route {
  const handlers = createHandlers()
  const bodies = new WeakMap<Context, Promise<Buffer>>()
  return async (ctx, request) => {
    const handler = handlers.get(ctx.path)
    if (handler === undefined) {
      sendConnectError(ctx, { code: 'unimplemented', message: `${ctx.path}: conprof does not answer this` })
      return
    }
    // The route may be run once more, the body comes once.
    const reading = bodies.get(ctx) ?? readBody(ctx)
    bodies.set(ctx, reading)
    const body = await reading
    const warnings: string[] = []
    const call: Call = { isRead: false, request: { ...request, warn: (more) => warnings.push(...more) } }
    const response = await handler({
      httpVersion: ctx.req.httpVersion,
      method: ctx.method,
      url: ctx.href,
      header: headersOf(ctx),
      body: chunksOf(body),
      signal: request.signal,
      contextValues: createContextValues().set(callKey, call),
    })
    // How it is told is decided where all errors are.
    if (call.failure !== undefined) throw call.failure.error
    // The library takes bytes that are no message for a fault of its own.
    if (response.status === 500 && !call.isRead)
      throw new ApiError(
        'bad_data',
        `read request: its ${body.length} bytes are no ${ctx.get('content-type')}`,
      )
    tellWarnings(ctx, warnings, request)
    ctx.status = response.status
    response.header?.forEach((value, name) => {
      ctx.set(name, value)
    })
    ctx.body = Buffer.concat(await Array.fromAsync(response.body ?? []))
  }
}

function createHandlers(): Map<string, UniversalHandler> {
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    acceptCompression: [compressionGzip],
    readMaxBytes: maxBodyBytes,
  })
  router.service(QuerierService, {
    profileTypes: called(methods.profileTypes),
    labelNames: called(methods.labelNames),
    labelValues: called(methods.labelValues),
    series: called(methods.series),
    selectSeries: called(methods.selectSeries),
    selectMergeStacktraces: called(methods.selectMergeStacktraces),
    selectMergeProfile: called(methods.selectMergeProfile),
    diff: called(methods.diff),
    getProfileStats: called(getProfileStats),
    analyzeQuery: called(analyzeQuery),
  })
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
}

function called<Asked, Answered>(
  method: (asked: Asked, request: MethodRequest) => Promise<Answered>,
): (asked: Asked, context: HandlerContext) => Promise<Answered> {
  return async (asked, { values }) => {
    const call = values.get(callKey)
    if (call === undefined) throw new Error('answer a call: nothing says what it may ask')
    call.isRead = true
    try {
      return await method(asked, call.request)
    } catch (error) {
      call.failure = { error }
      throw error
    }
  }
}

function headersOf(ctx: Context): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(ctx.headers))
    for (const each of [value ?? []].flat()) headers.append(name, each)
  return headers
}

async function readBody(ctx: Context): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of ctx.req) {
    sizeBytes += (chunk as Buffer).length
    if (sizeBytes > maxBodyBytes)
      throw new ApiError('bad_data', `read request: it is longer than ${maxBodyBytes} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Selectors and ids; the largest that Grafana sends are some KB. */
const maxBodyBytes = 1024 * 1024

async function* chunksOf(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body
}

import type { Context } from 'koa'
import type { RouteRequest } from './create-api.ts'
import { noParameters, readParameters } from './parameters.ts'

/** The document itself, not in the envelope: other programs read it. */
export async function answerOpenApi(ctx: Context, { options }: RouteRequest): Promise<void> {
  readParameters(noParameters, new URLSearchParams(ctx.querystring))
  // Only now: nobody else needs the schemas of answers.
  const { openApiDocument } = await import('./openapi/openapi-document.ts')
  ctx.type = 'application/json'
  ctx.body = JSON.stringify(openApiDocument({ version: options.build.version }))
}

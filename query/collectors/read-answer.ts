import type { z } from 'zod'

/** JSON of another process, perhaps of another version. Throws, in one line, that `what` cannot be read. */
export function readAnswer<Answer>(body: Buffer, what: string, schema: z.ZodType<Answer>): Answer {
  try {
    return schema.parse(JSON.parse(body.toString()))
  } catch (error) {
    throw new Error(`${what} cannot be read`, { cause: error })
  }
}

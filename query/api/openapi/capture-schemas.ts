import { z } from 'zod'
import type { CaptureAnswer } from '../capture-types.ts'
import { count, labels, schemaOf, unixMs } from './same-type.ts'

export const captureAnswer = schemaOf<CaptureAnswer>()(
  z.strictObject({
    id: z.string(),
    state: z.enum(['running', 'done']),
    startedMs: unixMs,
    leftOut: count,
    items: z.array(
      z.strictObject({
        collector: z.string(),
        labels,
        state: z.enum(['waiting', 'running', 'done', 'failed']),
        done: count,
        count,
        profileIds: z.array(z.string()),
        health: z.string(),
        reason: z.string(),
        remedy: z.string(),
      }),
    ),
  }),
).meta({ id: 'Capture' })

/**
 * The shape of a message: the fields it has, in order, and which repeated ones are packed, as one number. 0 is the
 * message without fields.
 */

/** A shape with one more field: `field * 2 + packed`, base 32, at most ten fields. */
export function appendShape(shape: number, field: number, packed: number): number {
  return shape * 32 + field * 2 + packed + 1
}

/** The fields of a shape, `field * 2 + packed` each, in order. */
export function shapeFields(shape: number): number[] {
  const fields: number[] = []
  for (let rest = shape; rest > 0; rest = Math.floor(rest / 32)) fields.unshift((rest % 32) - 1)
  return fields
}

/** Ten fields; a message with more is odd enough to keep its bytes. */
export const maxShape = 2 ** 50

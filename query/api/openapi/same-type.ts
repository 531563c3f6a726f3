import { z } from 'zod'

/** Without `readonly`, which a schema does not say, and with optional properties as a type of their own, all the way down. */
type Plain<T> = T extends object
  ? {
      -readonly [Key in keyof T]-?: object extends Pick<T, Key>
        ? { readonly optional: Plain<Exclude<T[Key], undefined>> }
        : Plain<T[Key]>
    }
  : T

type Same<A, B> = [Plain<A>, Plain<B>] extends [Plain<B>, Plain<A>] ? true : false

/** A schema that compiles only where it says just what the type says. */
export function schemaOf<T>() {
  return <Schema extends z.ZodType>(
    schema: Schema & (Same<z.output<Schema>, T> extends true ? unknown : { readonly differsFrom: T }),
  ): z.ZodType<T> => schema as unknown as z.ZodType<T>
}

/** Unix milliseconds; 0 often stands for none. */
export const unixMs = z.int().min(0)
export const count = z.int().min(0)
export const seconds = z.number().min(0)
/** An int64: more than a JSON number keeps. */
export const int64 = z.string().regex(/^-?[0-9]+$/)
export const labels = z.record(z.string(), z.string())

/** A condition, before it is known when it became so. */
export interface Finding {
  readonly status: 'True' | 'False' | 'Unknown'
  /** One word for programs. */
  readonly reason: string
  /** One line for people. */
  readonly message: string
}

/** `1 pod`, `3 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** A condition, before it is known when it became so. */
export interface Finding<Reason extends string = string> {
  readonly status: 'True' | 'False' | 'Unknown'
  /** One word for programs. */
  readonly reason: Reason
  /** One line for people. */
  readonly message: string
}

/** `1 pod`, `3 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

import { shortName } from '../model/frame-colors.ts'

/** The path gives way first: the end of a name tells more. */
export function FunctionName({ name }: { readonly name: string }) {
  const short = shortName(name)
  return (
    <span class="function-name">
      <span class="function-path">{name.slice(0, name.length - short.length)}</span>
      <span class="function-base">{short}</span>
    </span>
  )
}

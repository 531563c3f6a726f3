import type { Command } from 'commander'

/** Follows what a command is given: each flag's text as it was written, or its default's, by name. */
export function followFlagTexts(command: Command): () => Readonly<Record<string, string>> {
  const given = new Map<string, string>()
  for (const option of command.options) {
    command.on(`option:${option.name()}`, (text?: string | null) => {
      const before = given.get(option.name())
      // Those that may be repeated begin as a list, or as a map.
      const isOneMore = typeof option.defaultValue === 'object' && before !== undefined
      given.set(option.name(), isOneMore ? `${before}, ${text}` : (text ?? 'true'))
    })
  }
  return () =>
    Object.fromEntries(
      command.options.map((option) => {
        const unset = option.defaultValueDescription ?? option.defaultValue ?? ''
        return [option.name(), given.get(option.name()) ?? String(unset)]
      }),
    )
}

/** Asked right before each scrape: while it is closed none starts. */
export interface ScrapeGate {
  isOpen(): boolean
  /** Resolves once it is open; rejects with the signal's reason. */
  opened(options: { readonly signal: AbortSignal }): Promise<void>
  /** How often this process stood still so far: a scrape around one of these says nothing about its target. */
  freezes(): number
}

export const openGate: ScrapeGate = { isOpen: () => true, opened: async () => {}, freezes: () => 0 }

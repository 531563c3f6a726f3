import { open, rm, stat } from 'node:fs/promises'
import { isDiskFull } from './store-error.ts'

/**
 * Room that is given up when there is none left: cutting a block frees much more than it takes, but it has to
 * take first. Without it a disk filled by our own log would stay full.
 */
export class ReserveFile {
  readonly #path: string
  readonly #sizeBytes: number

  constructor(path: string, sizeBytes: number) {
    this.#path = path
    this.#sizeBytes = sizeBytes
  }

  /** Takes the room, where there is any; does nothing where it has it. */
  async take(): Promise<void> {
    const held = await stat(this.#path).catch(() => undefined)
    if (held?.size === this.#sizeBytes || this.#sizeBytes === 0) return
    try {
      const handle = await open(this.#path, 'w')
      try {
        // Zeros that are written take room; a hole would not.
        const zeros = Buffer.alloc(1 << 20)
        for (let left = this.#sizeBytes; left > 0; left -= zeros.length) {
          await handle.writeFile(zeros.subarray(0, Math.min(left, zeros.length)))
        }
        await handle.datasync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      await this.release()
      if (!isDiskFull(error)) throw error
    }
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true })
  }
}

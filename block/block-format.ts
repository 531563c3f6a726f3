/** The newest version that this conprof reads. */
export const blockVersion = 2
/**
 * What is written unless `--storage.write-version` says otherwise. A version is read by one release before it is
 * written, so that every part of conprof can go back by one.
 */
export const defaultWriteVersion: BlockVersion = 2
/** 2 adds partitions, totals per series, and rows whose body was thinned out. */
export type BlockVersion = 1 | 2

/** `CONPROF1`, then the version and four zero bytes. */
export const blockMagic = new TextEncoder().encode('CONPROF1')
export const headerBytes = 16
/** Length of the tail chunk <4>, version <4>, `CONPROF1`: whoever reads the end needs nothing of the beginning. */
export const footerBytes = 16

export interface CompressionLevels {
  readonly frames: number
  readonly symbols: number
  readonly rows: number
}

/** zstd levels: bodies are many and small, symbols few and paid once. */
export const compressionLevels = {
  dense: { frames: 12, symbols: 19, rows: 12 },
  /** Of what is merged again tomorrow. */
  passing: { frames: 4, symbols: 9, rows: 4 },
  fast: { frames: 1, symbols: 1, rows: 1 },
  stored: { frames: 0, symbols: 0, rows: 0 },
}

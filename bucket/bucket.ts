/** One object as a listing or a stat shows it. */
export interface ObjectInfo {
  readonly key: string
  readonly sizeBytes: number
  /** Unix ms; what the store says, so a different clock. */
  readonly modifiedMs: number
}

export interface BucketOptions {
  readonly signal?: AbortSignal
}

/** Reading side. A missing key is a BucketError with code `NOT_FOUND`, a refusal one with `FORBIDDEN`. */
export interface BucketReader {
  /** How logs and errors name it, such as `s3://profiles/prod` or `./data/bucket`. */
  readonly name: string
  /** Whether it is memory or a file system of this machine, so that to look into it is cheap. */
  readonly isLocal?: boolean
  /** Every object whose key starts with `prefix`, in ascending byte order of keys. */
  list(prefix: string, options?: BucketOptions): AsyncIterable<ObjectInfo>
  /** Bytes `[offset, offset + length)`; shorter only where the object ends. The caller owns the memory. */
  getRange(key: string, offset: number, length: number, options?: BucketOptions): Promise<Uint8Array>
  stat(key: string, options?: BucketOptions): Promise<ObjectInfo>
}

/** Keys are `/`-separated, without a leading slash, `.` or `..`. */
export interface Bucket extends BucketReader {
  /** Atomic: readers see the whole object or none. Repeating it with the same bytes is harmless. */
  put(key: string, body: Uint8Array, options?: BucketOptions): Promise<void>
  /** Atomic, from a local file, without holding it in memory. */
  putFile(key: string, path: string, options?: BucketOptions): Promise<void>
  /** Deleting what is not there is not an error. */
  delete(key: string, options?: BucketOptions): Promise<void>
  close(): Promise<void>
}

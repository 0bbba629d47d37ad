/** How fast the bucket fills, in tokens a second, and how many it holds. */
export interface TokenBucketInit {
  perSecond: number
  burst: number
}

/** A token bucket: allows bursts, bounds the mean. Time is passed in, so that a test needs no clock. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #lastMs: number

  constructor(init: TokenBucketInit, nowMs: number) {
    this.#perMs = init.perSecond / 1000
    this.#burst = init.burst
    this.#tokens = init.burst
    this.#lastMs = nowMs
  }

  /** Takes `count` tokens; false, and takes none, where there are fewer. */
  take(count: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#lastMs) * this.#perMs)
    this.#lastMs = nowMs
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }
}

/** One bucket a key; the least recently used key is forgotten at `maxKeys`, so that invented keys cannot fill the memory. */
export class TokenBuckets {
  readonly #init: TokenBucketInit
  readonly #maxKeys: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(init: TokenBucketInit & { maxKeys: number }) {
    this.#init = init
    this.#maxKeys = init.maxKeys
  }

  take(key: string, count: number, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#init, nowMs)
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#maxKeys) this.#buckets.delete(this.#buckets.keys().next().value as string)
    return bucket.take(count, nowMs)
  }

  forget(key: string): void {
    this.#buckets.delete(key)
  }
}
